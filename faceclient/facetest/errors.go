package facetest

import (
	"fmt"
	"time"
)

// HTML answers with a page of HTML, as a proxy or a captive portal does.
func HTML(status int) Fault {
	const page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to the network</h1></body></html>\n"
	return Status(status, page).Header("Content-Type", "text/html; charset=utf-8").Named(fmt.Sprintf("HTML %d", status))
}

// Redirect answers with a redirect status and the address.
func Redirect(status int, location string) Fault {
	return Status(status, "").Header("Location", location).Named(fmt.Sprintf("redirect %d", status))
}

// KnownError is one documented error of the list operation.
type KnownError struct {
	Name   string
	Status int
	Code   string // what a client should take for its code
	Retry  bool   // whether another try can help
	Fault  Fault
}

// KnownErrors are the documented errors of the list operation, in each shape that was seen of them, and answers in which
// the code stands in another place. Only the body has the code, unless the name says otherwise.
func KnownErrors() []KnownError {
	known := func(name string, status int, code string, retry bool, fault Fault) KnownError {
		return KnownError{Name: name, Status: status, Code: code, Retry: retry, Fault: fault.Named(name)}
	}
	inBody := func(name string, status int, shape Shape, code string, retry bool) KnownError {
		fault := StatusError(status, shape, code, "The request failed: "+name+".")
		return known(name, status, code, retry, fault.Header(ErrorCodeHeader, ""))
	}
	coded, numbered, flat := ShapeCode, ShapeStatusCode, ShapeFlat
	return []KnownError{
		inBody("bad argument", 400, coded, "BadArgument", false),
		inBody("wrong key", 401, coded, "401", false),
		inBody("no credentials", 401, flat, "401", false),
		inBody("principal without the role", 401, coded, "PermissionDenied", false),
		inBody("limited access not granted", 403, coded, "UnsupportedFeature", false),
		inBody("no such resource", 404, coded, "ResourceNotFound", false),
		inBody("conflict", 409, coded, "ConcurrentOperationConflict", true),
		known("rate limit, code", 429, "429", true, RateLimited(coded, HintHeader, time.Second)),
		known("rate limit, statusCode", 429, "429", true, RateLimited(numbered, HintMessage, time.Second)),
		inBody("server error", 500, coded, "Unspecified", true),
		known("bad gateway, HTML", 502, "502", true, HTML(502)),
		known("unavailable, empty", 503, "503", true, Status(503, "")),
		inBody("gateway time-out, statusCode", 504, numbered, "504", true),
		known("code in the header alone", 500, "Unspecified", true, Status(500, "").Header(ErrorCodeHeader, "Unspecified")),
		known("header before body", 409, "ConcurrentOperationConflict", true,
			StatusError(409, coded, "Other", "Conflict.").Header(ErrorCodeHeader, "ConcurrentOperationConflict")),
	}
}
