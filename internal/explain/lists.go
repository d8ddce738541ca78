package explain

const (
	// EmptyList is what to tell a person whose list is empty.
	EmptyList = "no session is listed: sessions created through API version v1.2 or later may not be. " + FindVersion
	// FindVersion says how to find out who creates the sessions.
	FindVersion = "To see which API version your application uses, split the metric TotalCalls of the resource by ApiName in Azure Monitor. " +
		"Of the SDKs, those for .NET (1.0.0-beta.2), Python (1.0.0b2) and Java use v1.2-preview.1 by default; the one for JavaScript (beta.3) can use v1.2"
	// SharedDevice is what to tell a person whose sessions nearly all have the same device id.
	SharedDevice = "nearly all sessions have the same device id. The service's abuse monitoring stops creating sessions for an id that it has flagged, " +
		"so the whole application may stand still. Send a random id for each person, which the person can reset. " +
		"Two constants of public samples are 723d6d03-ef33-40a8-9682-23a1feb7bccd and 1234567890"
)
