package costs

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// Price is a list price.
type Price struct {
	USD  float64 // for Per units
	Per  float64
	Unit string
	Page string // of AWS, by its name

	// Verified says how the price was checked when the list was made; empty for
	// one that stands here from memory.
	Verified string
}

// PriceList are the prices of one region at one time.
type PriceList struct {
	Region, Date string
	Prices       map[Dimension]Price
}

//go:embed prices.json
var priceFile []byte

// Prices returns the list of prices.json.
func Prices() (l PriceList, err error) {
	if err := json.Unmarshal(priceFile, &l); err != nil {
		return l, fmt.Errorf("read the prices: %w", err)
	}
	return l, nil
}

// of returns what n units cost, in USD.
func (l PriceList) of(d Dimension, n float64) (float64, error) {
	p, ok := l.Prices[d]
	if !ok || p.Per == 0 {
		return 0, fmt.Errorf("there is no price of %s", d)
	}
	return n * p.USD / p.Per, nil
}
