package faceclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// commandGrace is how long a command may hold its pipes after it was ended.
const commandGrace = 100 * time.Millisecond

var (
	errCommandNotFound    = errors.New("the command is not found")
	errCommandNotLoggedIn = errors.New("the command is not logged in")
	errCommandFails       = errors.New("the command gave no token")
)

// commandLine gets tokens from a command, as azidentity does, but with a bound on what the command writes.
type commandLine struct {
	names []string // of the executable; the first that is found is run
	args  func(scope string) []string
}

// azureCLI asks `az`. The resource is the scope of old; every version of the CLI takes it.
func azureCLI(tenantID string) commandLine {
	return commandLine{[]string{"az"}, func(scope string) []string {
		args := []string{"account", "get-access-token", "--output", "json", "--resource", strings.TrimSuffix(scope, "/.default")}
		if tenantID != "" {
			args = append(args, "--tenant", tenantID)
		}
		return args
	}}
}

// azureDeveloperCLI asks `azd`.
func azureDeveloperCLI(tenantID string) commandLine {
	return commandLine{[]string{"azd"}, func(scope string) []string {
		args := []string{"auth", "token", "--output", "json", "--no-prompt", "--scope", scope}
		if tenantID != "" {
			args = append(args, "--tenant-id", tenantID)
		}
		return args
	}}
}

// azurePowerShell asks the module Az.Accounts, whose newer versions give the token as a SecureString. The tenant is part of a
// script, so it must not have a character that ends a quotation.
func azurePowerShell(tenantID string) (commandLine, error) {
	if tenantID != "" && !isCode(tenantID) {
		return commandLine{}, errors.New("not a tenant")
	}
	return commandLine{[]string{"pwsh", "powershell"}, func(scope string) []string {
		script := "$ErrorActionPreference = 'Stop'; $token = Get-AzAccessToken -WarningAction Ignore -ResourceUrl '" + strings.TrimSuffix(scope, "/.default") + "'"
		if tenantID != "" {
			script += " -TenantId '" + tenantID + "'"
		}
		script += "; @{accessToken = [System.Net.NetworkCredential]::new('', $token.Token).Password; expires_on = $token.ExpiresOn.ToUnixTimeSeconds()} | ConvertTo-Json"
		return []string{"-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-Command", script}
	}}, nil
}

// GetToken is part of azcore.TokenCredential. The error is one of those above, or says why the context ended.
func (c commandLine) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	found := slices.IndexFunc(c.names, func(name string) bool {
		_, err := exec.LookPath(name)
		return err == nil
	})
	if found < 0 {
		return azcore.AccessToken{}, errCommandNotFound
	}
	command := exec.CommandContext(ctx, c.names[found], c.args(options.Scopes[0])...)
	endTogether(command)
	command.WaitDelay = commandGrace
	output, complaint := &bounded{end: maxSignInBody}, &bounded{end: maxSignInBody}
	command.Stdout, command.Stderr = output, complaint
	err := command.Run()
	if ctx.Err() != nil {
		return azcore.AccessToken{}, context.Cause(ctx)
	}
	// A command that leaves a child behind has written its token all the same.
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		text := strings.ToLower(complaint.buffer.String())
		for _, words := range []string{"az login", "azd auth login", "not logged in"} {
			if strings.Contains(text, words) {
				return azcore.AccessToken{}, errCommandNotLoggedIn
			}
		}
		return azcore.AccessToken{}, errCommandFails
	}
	token, err := tokenOf(output.buffer.Bytes())
	if err != nil {
		return azcore.AccessToken{}, errCommandFails
	}
	return token, nil
}

// tokenOf reads what the commands write: az and our script give seconds since 1970, or old versions of az local time; azd gives RFC 3339.
func tokenOf(output []byte) (azcore.AccessToken, error) {
	var parsed struct {
		AccessToken string `json:"accessToken"`
		Seconds     int64  `json:"expires_on"`
		Local       string `json:"expiresOn"`
		AzdToken    string `json:"token"`
	}
	if err := json.Unmarshal(output, &parsed); err != nil {
		return azcore.AccessToken{}, err
	}
	if parsed.AzdToken != "" {
		expires, err := time.Parse(time.RFC3339, parsed.Local)
		return azcore.AccessToken{Token: parsed.AzdToken, ExpiresOn: expires}, err
	}
	if parsed.AccessToken == "" {
		return azcore.AccessToken{}, errCommandFails
	}
	if parsed.Seconds > 0 {
		return azcore.AccessToken{Token: parsed.AccessToken, ExpiresOn: time.Unix(parsed.Seconds, 0)}, nil
	}
	expires, err := time.ParseInLocation("2006-01-02 15:04:05.999999", parsed.Local, time.Local)
	return azcore.AccessToken{Token: parsed.AccessToken, ExpiresOn: expires}, err
}

// bounded keeps what is written to it, up to a limit. Then it refuses more, which ends the command that writes.
type bounded struct {
	buffer bytes.Buffer
	end    int
}

// Write is part of io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.buffer.Len()+len(p) > b.end {
		return 0, io.ErrShortBuffer
	}
	return b.buffer.Write(p)
}
