// Package tools pins what deploy/ is checked with: the tools in go.mod, and here the modules that carry
// the schemas of the resources of Istio, of Gateway API and of Prometheus Operator.
package tools

import (
	_ "istio.io/api/networking/v1"
	_ "sigs.k8s.io/gateway-api/apis/v1"
)
