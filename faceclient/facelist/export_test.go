package facelist

// What the tests of this package look at from inside.

type (
	Budget   = budget
	KeyRange = keyRange
	Ranges   = ranges
)

func PlanFor(k Knowledge, limits Limits, b Budget, random float64) Plan {
	return planFor(k, limits, b, random)
}

func PlanRest(k Knowledge, limits Limits, b Budget, first *KeyRange, found int, evenly bool) (Plan, error) {
	return planRest(k, limits, b, first, found, evenly)
}

func Key(at float64) string { return key(at) }

func Position(id []byte) (float64, bool) { return position(id) }

func NewRange(from, end float64, quota int) *KeyRange { return newRange(from, end, quota) }

func NewRanges(waiting ...*KeyRange) *Ranges { return &ranges{waiting: waiting} }

func (r *ranges) Next() *KeyRange                 { return r.next() }
func (r *ranges) Steal(perPage float64) *KeyRange { return r.steal(perPage) }
func (r *ranges) Retire(ended *KeyRange)          { r.retire(ended) }
func (r *ranges) Waiting() []*KeyRange            { return r.waiting }

func (r *keyRange) From() float64      { return r.from }
func (r *keyRange) End() float64       { return r.end }
func (r *keyRange) Cursor() string     { return r.cursor }
func (r *keyRange) Quota() int         { return r.quota }
func (r *keyRange) WrapTo() *KeyRange  { return r.wrapTo }
func (r *keyRange) ReadTo(at float64)  { r.at = at }
func (r *keyRange) Complete()          { r.complete = true }
func (r *keyRange) Covered() float64   { return r.covered() }
func (r *keyRange) Unconfirmed()       { r.unconfirmedEnd = true }
func (p Plan) Ranges() []*KeyRange     { return p.ranges }
func (k Knowledge) TooLong() Knowledge { k.tooLong = true; return k }

// NewBudget is a bounded allowance with so many requests left.
func NewBudget(left int) Budget { return budget{left: left, bounded: true} }
