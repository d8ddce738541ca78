package tool_test

import "flag"

//nolint:gochecknoglobals // a test's flag is declared before the tests begin
var update = flag.Bool("update", false, "write docs/errors.md anew")

const metricsPage = "../../docs/metrics.md"

// cachedHelp ends the HELP of every population metric; the page says it once.
const cachedHelp = " This is a cached value, kept between scrapes; face_liveness_snapshot_timestamp_seconds says when it was read."
