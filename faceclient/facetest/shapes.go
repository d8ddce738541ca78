package facetest

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// JSON answers 200 with this body in place of the page, billed like one.
func JSON(body string) Fault {
	return Status(http.StatusOK, body).Header("CSP-Billing-Usage", billingUsage).Named("JSON " + body)
}

// WrongShapes are complete JSON answers of another form than an array of sessions.
func WrongShapes() []Fault {
	item := `{"id":"11111111-2222-4333-8444-555555555555","createdDateTime":"2024-05-19T16:16:31+00:00","sessionExpired":false}`
	return []Fault{
		JSON(`null`), JSON(`17`), JSON(`{}`),
		JSON(`{"value":[` + item + `]}`).Named("array in an object"),
		JSON(`[` + item + `][]`).Named("two arrays"),
		JSON(`[null]`), JSON(`[17]`), JSON(`["id"]`), JSON(`[[]]`), JSON(`[{}]`),
		SetField("id", `5`), SetField("id", `null`), SetField("id", `""`),
		SetField("createdDateTime", `"yesterday"`), SetField("createdDateTime", `1716135391`), SetField("createdDateTime", ""),
		SetField("sessionStartDateTime", `""`), SetField("sessionStartDateTime", `{}`),
		SetField("sessionExpired", `"true"`), SetField("sessionExpired", `1`),
		SetField("deviceCorrelationId", `17`),
		SetField("authTokenTimeToLiveInSeconds", `"600"`), SetField("authTokenTimeToLiveInSeconds", `[]`),
	}
}

// SetField puts raw JSON in place of a field of the page's last session; "" takes the field away. A page without
// sessions stays as it is.
func SetField(field, raw string) Fault {
	return newFault(field+" "+raw, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		var items []json.RawMessage
		if json.Unmarshal(c.body.Bytes(), &items) != nil || len(items) == 0 {
			send(w, c.status, c.body.Bytes())
			return
		}
		last := &items[len(items)-1]
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(*last, &fields); err != nil {
			panic(err) // the service wrote it
		}
		if fields[field] = json.RawMessage(raw); raw == "" {
			delete(fields, field)
		}
		*last = marshal(fields)
		send(w, c.status, marshal(items))
	})
}

func marshal(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprint("facetest: a field is no JSON: ", err))
	}
	return encoded
}
