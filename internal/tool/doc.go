// Package tool is the program as the command line sees it: it reads flags, finds the configuration, and serves, checks,
// examines or shows a demo.
//
// It knows every other package. It must not know how a page is parsed, a session is counted or a request is answered.
package tool
