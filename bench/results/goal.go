package results

// Goal is a bound that was set before anything was measured.
type Goal struct {
	bound   float64
	atLeast bool
}

// AtMost is the goal of a figure that is to be small.
func AtMost(v float64) Goal { return Goal{bound: v} }

// AtLeast is the goal of a figure that is to be large.
func AtLeast(v float64) Goal { return Goal{bound: v, atLeast: true} }

// Bound is the figure at which it is just met.
func (g Goal) Bound() float64 { return g.bound }

// Met says whether v meets the goal.
func (g Goal) Met(v float64) bool {
	if g.atLeast {
		return v >= g.bound
	}
	return v <= g.bound
}

// String writes the bound.
func (g Goal) String() string {
	if g.atLeast {
		return "≥ " + Figure(g.bound)
	}
	return "≤ " + Figure(g.bound)
}

// Judge writes whether v meets the goal, for a cell of a table.
func (g Goal) Judge(v float64) string { return Verdict(g.Met(v)) }

// Verdict writes whether a goal is met, for a cell of a table.
func Verdict(met bool) string {
	if met {
		return "met"
	}
	return "**missed**"
}
