package explain

const (
	// UnlistedSessions says which sessions may be missing in lists, and how to find out whether they are.
	UnlistedSessions = "Sessions that are created through API version v1.2 or later may not be listed. To see which version your application uses, split the metric " +
		"TotalCalls of the resource by ApiName in Azure Monitor. By default, the SDKs for .NET (1.0.0-beta.2), Python (1.0.0b2) and Java use v1.2-preview.1; " +
		"the SDK for JavaScript (beta.3) can use v1.2."
	// SharedDevice says what follows if nearly all sessions have the same device id, and what to do.
	SharedDevice = "Nearly all sessions have the same device id. The service's abuse monitoring stops creating sessions for an id that it has flagged, " +
		"so the whole application may stand still. Send a random id for each person, which the person can reset. " +
		"Two constants that samples contain are 723d6d03-ef33-40a8-9682-23a1feb7bccd and 1234567890."
)
