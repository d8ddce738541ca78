// Package facetest makes of the simulated service of package facesim what tests need of a Face API: faults (errors in every shape, and
// answers that are broken, endless or of a wrong form), lists that misbehave, credentials that rotate, a record of the requests, what
// really happened, and connections without a network.
//
// No package of the program may import it, and like facesim it must not know the exporter.
package facetest
