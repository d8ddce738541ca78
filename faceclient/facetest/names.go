package facetest

import "face_liveness_exporter/faceclient/facesim"

// Names of the simulated service.
type (
	// Outcome is what the check of a session has come to.
	Outcome = facesim.Outcome
	// Session is one liveness session as the service keeps it.
	Session = facesim.Session
	// TrafficOptions describe the traffic of a customer.
	TrafficOptions = facesim.TrafficOptions
)

// Constants of the simulated service.
const (
	DetectLiveness           = facesim.DetectLiveness
	DetectLivenessWithVerify = facesim.DetectLivenessWithVerify
	DefaultTTL               = facesim.DefaultTTL

	NoResult  = facesim.NoResult
	RealFace  = facesim.RealFace
	SpoofFace = facesim.SpoofFace
	Uncertain = facesim.Uncertain
	Failed    = facesim.Failed
	Deleted   = facesim.Deleted
)
