package facesim

import "time"

const secondsPerDay = 24 * 60 * 60

// rhythm is how fast sessions are created at a time: by the hour of the day and the day of the week.
type rhythm struct {
	perDay   float64 // on a weekday
	location *time.Location
}

// byHour is the share of a weekday's mean at the full hour; between the hours it is interpolated. The values' mean is 1:
// little at night, most before noon, once more in the evening.
func byHour(hour int) float64 {
	return [24]float64{
		0.40, 0.25, 0.18, 0.15, 0.15, 0.22, 0.45, 0.80, 1.20, 1.55, 1.70, 1.65,
		1.45, 1.40, 1.45, 1.50, 1.45, 1.40, 1.45, 1.50, 1.35, 1.10, 0.75, 0.50,
	}[hour%24]
}

// busiest is the largest value of byHour.
const busiest = 1.70

// rate is sessions a second at a time.
func (r rhythm) rate(at time.Time) float64 {
	t := at.In(r.location)
	hour, minute, second := t.Clock()
	part := (float64(minute) + float64(second)/60) / 60
	share := byHour(hour)*(1-part) + byHour(hour+1)*part
	switch t.Weekday() {
	case time.Saturday:
		share *= 0.7
	case time.Sunday:
		share *= 0.6
	}
	return share * r.mean()
}

// highest is a rate that is never exceeded.
func (r rhythm) highest() float64 { return busiest * r.mean() }

func (r rhythm) mean() float64 { return r.perDay / secondsPerDay }
