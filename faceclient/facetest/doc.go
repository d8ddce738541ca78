// Package facetest holds what only tests need of a Face API: answers that are broken, endless or of a wrong shape, the
// documented errors and the forms of a session's answer as tables, and a transport without a network. It is built on the faults of package facesim, the
// simulated service that the program carries for its demo.
//
// No package of the program may import it, and like facesim it must not know the exporter.
package facetest
