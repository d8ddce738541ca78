// Package config turns a YAML file, or the environment, into one validated value.
//
// It knows YAML, environment variables and what makes a setting acceptable. It does not know what the settings
// are used for: no HTTP client, no Prometheus, no session is known here, and no request is made.
//
// Two promises hold everywhere in the package:
//
//   - Every problem is reported at once, each with the path of the field, its line and what to do about it.
//   - No message repeats a value. Any value may be a secret that was put into the wrong field, so a message gives
//     the path and the line, and the reader looks there.
//
// A *Config is read-only once it was returned; whoever needs another one loads another one.
package config
