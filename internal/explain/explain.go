package explain

import (
	"errors"
	"strconv"
	"strings"

	"face_liveness_exporter/faceclient"
)

// Explanation is what to tell a person about an error.
type Explanation struct {
	// Code is the label error_code, and Status the HTTP status that it came with; 0 if no answer came.
	Code   string
	Status int
	// Detail names the reason if the code leaves it open; "" if nothing more is known. It can end with the number by
	// which Entra ID names the reason.
	Detail string
	// Meaning says what happened, and Remedy what to do about it; "" if there is nothing to do. Both are without a
	// capital letter and without a full stop.
	Meaning, Remedy string
	// Before explains what the attempt before failed with, if one was given up while it waited; else nil.
	Before *Explanation
}

// Of explains an error; the zero Explanation stands for none. Of an error of another package it has only the code.
func Of(err error) Explanation {
	if err == nil {
		return Explanation{}
	}
	failure, ok := errors.AsType[*faceclient.Error](err)
	if !ok {
		failure = &faceclient.Error{Code: faceclient.Code(err)}
	}
	return of(failure)
}

func of(failure *faceclient.Error) Explanation {
	e := Explanation{Code: failure.Code, Status: failure.Status, Detail: string(failure.Detail)}
	if failure.AADSTS != 0 {
		e.Detail += " AADSTS" + strconv.Itoa(failure.AADSTS)
	}
	row := rowOf(failure)
	fill := strings.NewReplacer(
		"{code}", failure.Code, "{status}", strconv.Itoa(failure.Status), "{version}", failure.APIVersion,
		"{kind}", string(failure.SignIn), "{aadsts}", strconv.Itoa(failure.AADSTS), "{pages}", strconv.Itoa(failure.Pages),
	)
	e.Meaning, e.Remedy = fill.Replace(row.Meaning), fill.Replace(row.Remedy)
	if failure.Before != nil {
		before := of(failure.Before)
		e.Before = &before
	}
	return e
}

// Text explains an error in one line: code, status and detail, then what they mean and what to do.
func Text(err error) string {
	if err == nil {
		return ""
	}
	return Of(err).String()
}

// String is the line of [Text].
func (e Explanation) String() string {
	var line strings.Builder
	line.WriteString(e.Code)
	if e.Status != 0 && e.Code != strconv.Itoa(e.Status) {
		line.WriteString(" (HTTP " + strconv.Itoa(e.Status) + ")")
	}
	if e.Detail != "" {
		line.WriteString(", " + e.Detail)
	}
	line.WriteString(": " + e.Meaning)
	if e.Remedy != "" {
		line.WriteString("; " + e.Remedy)
	}
	if e.Before != nil {
		line.WriteString("; before that, " + e.Before.String())
	}
	return line.String()
}

// rowOf finds the words for an error: those of Entra ID's number say more than those of the detail, and those more than those of
// the code. A code that is not known gets no other code's advice.
func rowOf(failure *faceclient.Error) row {
	if row, known := signInRows[failure.AADSTS]; known {
		return row
	}
	for _, row := range detailRows {
		if row.Name == string(failure.Detail) {
			return row
		}
	}
	for _, row := range codeRows {
		if row.Name == failure.Code && (row.Status == failure.Status || row.Status == 0) {
			return row
		}
	}
	switch status := failure.Status; {
	case failure.Code != strconv.Itoa(status):
		return row{Meaning: "the service refused the request with {code}"}
	case status < 500:
		return row{Meaning: "the service, or a proxy in front of it, refuses the request with the status {status}", Remedy: noFaceThere}
	}
	return row{Meaning: "the service, or a gateway in front of it, failed with the status {status}", Remedy: TryAgain + ". Else look at the state of Azure, and at the proxy if there is one"}
}
