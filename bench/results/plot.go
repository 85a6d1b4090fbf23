package results

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Dots is a picture of one figure of several things: a dot at each median, and a line
// from the lowest to the highest.
type Dots struct {
	Title string
	Unit  string // what the axis says
	Log   bool   // for figures that are far apart; all of them are above zero then
	Of    []Dot
	Goals []float64 // where bounds are, in the unit
}

// Dot is one of the things.
type Dot struct {
	Name   string
	Spread Spread
}

// SVG draws the picture, on white so that it can be read on a dark page too.
func (d Dots) SVG() ([]byte, error) {
	if len(d.Of) == 0 {
		return nil, fmt.Errorf("draw %q: there is nothing to draw", d.Title)
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text = d.Title, d.Unit
	p.BackgroundColor = color.White
	p.X.Padding, p.Y.Padding = vg.Points(8), labelPadding
	if d.Log {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	} else {
		p.X.Min = 0
	}
	n := len(d.Of)
	medians := make(plotter.XYs, n)
	names := make([]string, n)
	for i, dot := range d.Of {
		y := float64(n - 1 - i) // the first is at the top
		s := dot.Spread
		if d.Log && s.Lowest <= 0 {
			return nil, fmt.Errorf("draw %q: %s is not above zero", d.Title, dot.Name)
		}
		medians[i] = plotter.XY{X: s.Median, Y: y}
		names[n-1-i] = dot.Name
		spread, err := plotter.NewLine(plotter.XYs{{X: s.Lowest, Y: y}, {X: s.Highest, Y: y}})
		if err != nil {
			return nil, fmt.Errorf("draw %q: %w", d.Title, err)
		}
		spread.Width, spread.Color = vg.Points(2), color.Gray{Y: 0x99}
		p.Add(spread)
	}
	for _, goal := range d.Goals {
		line, err := plotter.NewLine(plotter.XYs{{X: goal, Y: -0.5}, {X: goal, Y: float64(n) - 0.5}})
		if err != nil {
			return nil, fmt.Errorf("draw %q: %w", d.Title, err)
		}
		line.Dashes, line.Color = []vg.Length{vg.Points(4), vg.Points(3)}, color.RGBA{R: 0xb0, G: 0x30, B: 0x30, A: 0xff}
		p.Add(line)
	}
	dots, err := plotter.NewScatter(medians)
	if err != nil {
		return nil, fmt.Errorf("draw %q: %w", d.Title, err)
	}
	dots.Shape, dots.Radius, dots.Color = draw.CircleGlyph{}, vg.Points(3.5), color.RGBA{R: 0x1f, G: 0x5f, B: 0xa8, A: 0xff}
	p.Add(dots)
	p.NominalY(names...)
	if d.Log { // whole powers of ten, which are what such an axis has marks at
		p.X.Min, p.X.Max = math.Pow(10, math.Floor(math.Log10(p.X.Min))), math.Pow(10, math.Ceil(math.Log10(p.X.Max)))
	}
	return svg(p, vg.Points(640), vg.Points(70+24*float64(n)))
}

// Span is some time that something took, in milliseconds since a beginning.
type Span struct {
	Name     string
	From, To float64
}

// Waterfall is a picture of what came after what, and how long each took.
type Waterfall struct {
	Title string
	Of    []Span
}

// SVG draws the picture, on white so that it can be read on a dark page too.
func (w Waterfall) SVG() ([]byte, error) {
	if len(w.Of) == 0 {
		return nil, fmt.Errorf("draw %q: there is nothing to draw", w.Title)
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text = w.Title, "ms"
	p.BackgroundColor = color.White
	p.X.Min, p.X.Padding, p.Y.Padding = 0, vg.Points(8), labelPadding
	n := len(w.Of)
	names := make([]string, n)
	for i, s := range w.Of {
		y := float64(n - 1 - i)
		names[n-1-i] = fmt.Sprintf("%s, %s", s.Name, Time(s.To-s.From))
		bar, err := plotter.NewLine(plotter.XYs{{X: s.From, Y: y}, {X: s.To, Y: y}})
		if err != nil {
			return nil, fmt.Errorf("draw %q: %w", w.Title, err)
		}
		bar.Width, bar.Color = vg.Points(10), color.RGBA{R: 0x1f, G: 0x5f, B: 0xa8, A: 0xff}
		p.Add(bar)
	}
	p.Add(plotter.NewGrid())
	p.NominalY(names...)
	p.X.Max = slices.MaxFunc(w.Of, func(a, b Span) int { return int(math.Copysign(1, a.To-b.To)) }).To
	return svg(p, vg.Points(760), vg.Points(70+20*float64(n)))
}

// labelPadding is between names and what is drawn of them: whoever shows the picture may
// have no font of the widths that were reckoned with, and a wider one in its place.
const labelPadding = 28

// svg draws p. The same plot makes the same bytes.
func svg(p *plot.Plot, width, height vg.Length) ([]byte, error) {
	c := vgsvg.New(width, height)
	p.Draw(draw.Crop(draw.New(c), vg.Points(10), -vg.Points(30), vg.Points(4), -vg.Points(4)))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("write a plot: %w", err)
	}
	return b.Bytes(), nil
}
