package faceclient

import (
	"context"
	"crypto/sha256"
	"net/http"
)

const keyHeader = "Ocp-Apim-Subscription-Key"

// Credential proves to the service who asks.
type Credential interface {
	// Authorize adds the proof to the header of a request that is about to be sent.
	Authorize(ctx context.Context, header http.Header) error
	// Rejected is told that the service answered 401 to a request with this header, and says whether another attempt
	// would carry another proof.
	Rejected(header http.Header) bool
	// Fingerprint changes when the secret behind the credential does. It says nothing about the secret and is only good
	// for comparing.
	Fingerprint() string
}

// Secret gives a secret when it is needed, so that one that was rotated is used at once. Its errors name no content.
type Secret func() (string, error)

// StaticSecret is a secret that never changes.
func StaticSecret(value string) Secret {
	return func() (string, error) { return value, nil }
}

// fingerprint tells secrets apart without keeping them.
func (s Secret) fingerprint() string {
	value, err := s()
	if err != nil {
		return "unreadable"
	}
	sum := sha256.Sum256([]byte(value))
	return string(sum[:])
}

// KeyCredential proves by one of the resource's two keys.
type KeyCredential struct{ key Secret }

// NewKeyCredential makes a credential of a key, as the portal shows it.
func NewKeyCredential(key Secret) *KeyCredential { return &KeyCredential{key: key} }

// Authorize reads the key and sets it.
func (c *KeyCredential) Authorize(_ context.Context, header http.Header) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	header.Set(keyHeader, key)
	return nil
}

// Rejected tells whether the key has been rotated since the request was made.
func (c *KeyCredential) Rejected(header http.Header) bool {
	key, err := c.key()
	return err == nil && key != header.Get(keyHeader)
}

// Fingerprint changes with the key.
func (c *KeyCredential) Fingerprint() string { return c.key.fingerprint() }
