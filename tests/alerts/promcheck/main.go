// Reads Prometheus rules and expressions with the code that promtool reads them with.
//
// Its argument is a file of rules; further expressions come on standard input, one a line. It prints
// one line of JSON: what is wrong, and the name and labels of every selector.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"log/slog"
	"os"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

type told struct {
	Wrong    []string            `json:"wrong"`
	Rules    int                 `json:"rules"`
	Selected map[string][]string `json:"selected"`
}

func main() {
	found := told{Wrong: []string{}, Selected: map[string][]string{}}
	found.rules(os.Args[1])
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		found.expression(lines.Text())
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

// rules reads the file as `promtool check rules` does; a rule that stands there twice is wrong too.
func (t *told) rules(file string) {
	groups, errs := rulefmt.ParseFile(file, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.Default())
	for _, err := range errs {
		t.Wrong = append(t.Wrong, err.Error())
	}
	if groups == nil {
		return
	}
	seen := map[string]bool{}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			key := rule.Record + rule.Alert + fmt.Sprint(rule.Labels)
			if seen[key] {
				t.Wrong = append(t.Wrong, "stands there twice: "+key)
			}
			seen[key] = true
			t.Rules++
			t.expression(rule.Expr)
		}
	}
}

// expression notes what each selector of an expression needs: its matchers, and the labels by which
// what is around it groups or joins.
func (t *told) expression(text string) {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		t.Wrong = append(t.Wrong, text+": "+err.Error())
		return
	}
	parser.Inspect(expr, func(node parser.Node, above []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		needed := t.Selected[selector.Name]
		for _, matcher := range selector.LabelMatchers {
			if matcher.Name != labels.MetricName {
				needed = append(needed, matcher.Name)
			}
		}
		for _, outer := range above {
			switch outer := outer.(type) {
			case *parser.AggregateExpr:
				needed = append(needed, outer.Grouping...)
			case *parser.BinaryExpr:
				if outer.VectorMatching != nil {
					needed = append(needed, outer.VectorMatching.MatchingLabels...)
				}
			}
		}
		slices.Sort(needed)
		t.Selected[selector.Name] = slices.Compact(append([]string{}, needed...))
		return nil
	})
}
