package config

// Parse is Load for the content of a file without a name.
func Parse(data []byte, getenv func(string) string) (*Config, Problems, error) {
	c := &checker{getenv: getenv}
	return c.parse(data)
}
