package exporter

import (
	"context"
	"log"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// repeatAfter is how long a fault of the server that goes on is not logged again as a warning.
const repeatAfter = time.Hour

// serverLog takes the lines that net/http and promhttp write. Faults of our own become one warning an hour; what clients
// cause, such as a TLS handshake that fails, is for debugging only.
type serverLog struct {
	log *slog.Logger

	mu   sync.Mutex // guards said
	said map[string]time.Time
}

func newServerLog(logger *slog.Logger) *serverLog {
	return &serverLog{log: logger, said: map[string]time.Time{}}
}

// logger is for whoever wants one of the standard library.
func (s *serverLog) logger() *log.Logger { return log.New(s, "", 0) }

// Write is part of io.Writer: each call is a line.
func (s *serverLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	switch {
	case strings.Contains(text, "Accept error"):
		s.warn(context.Background(), "cannot accept connections", text)
	case strings.Contains(text, ": panic serving"):
		_, stack, _ := strings.Cut(text, "\n") // the first line holds the value, which may be anything
		s.warn(context.Background(), "a request ended with a panic", stack)
	case strings.HasPrefix(text, "error gathering metrics"):
		s.warn(context.Background(), "some metrics could not be gathered", text)
	default:
		s.log.Debug("web server", "detail", text)
	}
	return len(line), nil
}

// Println is part of promhttp.Logger.
func (s *serverLog) Println(parts ...any) { s.logger().Println(parts...) }

// warn logs a fault at warning where it was not within the last hour, else for debugging.
func (s *serverLog) warn(ctx context.Context, fault, detail string) {
	s.mu.Lock()
	last, before := s.said[fault]
	again := before && time.Since(last) < repeatAfter
	if !again {
		s.said[fault] = time.Now()
	}
	s.mu.Unlock()
	level := slog.LevelWarn
	if again {
		level = slog.LevelDebug
	}
	s.log.Log(ctx, level, "web server", "fault", fault, "detail", detail)
}
