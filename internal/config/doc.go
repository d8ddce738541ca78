// Package config turns a YAML file, or the environment, into one validated value.
//
// It knows YAML, environment variables and what makes a setting acceptable. It must not know what the settings are used
// for: no HTTP client, no metric, no session. It takes the names that settings can have from faceclient and makes no
// request.
//
// Two promises hold everywhere in the package:
//
//   - Every problem is reported at once, each with the path of the field, its line and what to do about it.
//   - No message repeats a value. Any value may be a secret that was put into the wrong field, so a message gives
//     the path and the line, and the reader looks there. Only the path of a file is shown, without what could be a secret.
//
// settings.go is the table of all settings. check.go holds a document against it, the YAML library decodes it, and validate.go
// checks what one setting says of another.
//
// A *Config is never changed. For other settings, load another one.
package config
