// Package rig runs the whole exporter in the process of a test, beside simulated Face resources, and reads what it shows.
//
// Only tests import it. It must not know what a test is about.
package rig
