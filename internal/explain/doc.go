// Package explain says in words what a failure means and what to do about it. It is the only place whose prose names
// settings: an error of faceclient is data, and this package turns its code, status and detail into a sentence for the log,
// the status page and --doctor.
//
// It must not know HTTP, Prometheus or how the configuration is read, and of what the service sent it quotes only the error code.
package explain
