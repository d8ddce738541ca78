package explain

import (
	"errors"
	"strconv"
	"strings"

	"face_liveness_exporter/faceclient"
)

// Explanation is what to tell a person about an error.
type Explanation struct {
	// Code is the label error_code, and Status the HTTP status that it came with; 0 where no answer came.
	Code   string
	Status int
	// Detail names the reason where the code leaves it open; "" where nothing more is known. It can end with the number by
	// which Entra ID names the reason.
	Detail string
	// Meaning says what happened, and Remedy what to do about it; "" where there is nothing to do. Both are without a
	// capital letter and without a full stop.
	Meaning, Remedy string
	// Before explains what the attempt before failed with, where one was given up while it waited; nil elsewhere.
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
	row, known := detailRow(failure)
	if !known {
		row = codeRow(failure.Status, failure.Code)
	}
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

// detailRow finds the words for an error's detail. Entra ID's number is more than the detail.
func detailRow(failure *faceclient.Error) (Row, bool) {
	if failure.AADSTS != 0 {
		for _, row := range signInRows() {
			if row.AADSTS == failure.AADSTS {
				return Row{Meaning: row.Meaning, Remedy: row.Remedy}, true
			}
		}
	}
	var found Row
	known := false
	for _, row := range DetailRows() {
		if row.Detail != failure.Detail || failure.Detail == "" {
			continue
		}
		if row.Code == failure.Code {
			return row, true
		}
		if row.Code == "" {
			found, known = row, true
		}
	}
	return found, known
}

// codeRow finds the words for a code with a status. A code that is not known gets no other code's advice.
func codeRow(status int, code string) Row {
	for _, row := range CodeRows() {
		if row.Code == code && (row.Status == status || row.Status == 0) {
			return row
		}
	}
	number := strconv.Itoa(status)
	switch {
	case code != number:
		return Row{Meaning: "the service refused the request with {code}"}
	case status < 200:
		return Row{Meaning: "the answer has the status {status} and no list", Remedy: "check that endpoint is the address of a Face resource, and what is between it and the exporter"}
	case status < 500:
		return Row{Meaning: "the service, or a proxy before it, refuses the request with the status {status}", Remedy: "check endpoint, and the proxy if there is one"}
	}
	return Row{Meaning: "the service, or a gateway before it, failed with the status {status}", Remedy: TryAgain + ". Else look at the state of Azure, and at the proxy if there is one"}
}
