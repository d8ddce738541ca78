// Package explain says in words what a failure means and what to do about it. An error of faceclient is data. Only this package
// turns its code, status and detail into a sentence for the log, the status page and --doctor, and names the setting to change.
//
// It must not know HTTP, Prometheus or how the configuration is read, and of what the service sent it quotes only the error code.
package explain
