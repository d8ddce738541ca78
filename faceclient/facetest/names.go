package facetest

import "face_liveness_exporter/faceclient/facesim"

// Outcome is that of the simulated service, and so are the others.
type (
	Outcome        = facesim.Outcome
	Product        = facesim.Product
	Session        = facesim.Session
	TrafficOptions = facesim.TrafficOptions
)

// What the simulated service has under these names.
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
