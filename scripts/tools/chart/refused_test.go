package chart

import (
	"strings"
	"testing"
)

// The smallest volume that holds the log is accepted, in every unit.
func TestVolumesThatHoldTheLogAreAccepted(t *testing.T) {
	for _, size := range []string{"606Mi", "0.6Gi", "636000000", "636M", "1Ti", "620544Ki"} {
		if _, errs, err := helm(t, "template", "rodopath", chartDir, "--kube-version", kubeVersion, "--values", valuesOf("minimal"), "--set-string", "ingest.intake.size="+size); err != nil {
			t.Errorf("%s is refused: %s", size, errs)
		}
	}
}

// Broken values are refused with a sentence that names the value and what is wrong.
func TestBrokenValuesAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		set  []string
		want []string
	}{
		"no NATS":            {[]string{"nats.url="}, []string{"nats.url is missing: where NATS with JetStream is"}},
		"no MongoDB":         {[]string{"mongodb.uriSecret="}, []string{"mongodb.uriSecret is missing: a Secret"}},
		"no keys":            {[]string{"keysSecret="}, []string{"keysSecret is missing", `"rodopath keys"`}},
		"no token":           {[]string{"apiTokenSecret="}, []string{"apiTokenSecret is missing", "config.api.tokens"}},
		"tokens twice":       {[]string{"config.api.tokens[0]=env:TOKEN"}, []string{"apiTokenSecret and config.api.tokens: give one of the two"}},
		"NATS twice":         {[]string{"nats.urlSecret=other"}, []string{"nats.url and nats.urlSecret: give one of the two"}},
		"no sources":         {[]string{"config.sources=null"}, []string{"config.sources is empty"}},
		"no host":            {[]string{"ingress.enabled=true"}, []string{"ingress.host is missing"}},
		"no monitoring":      {[]string{"keda.enabled=true"}, []string{"keda.natsMonitoring is missing"}},
		"no room":            {[]string{"autoscaling.enabled=true", "autoscaling.maxReplicas=1"}, []string{"autoscaling.maxReplicas is less than ingest.replicas"}},
		"no room for KEDA":   {[]string{"keda.enabled=true", "keda.natsMonitoring=n:8222", "keda.maxReplicas=1"}, []string{"keda.maxReplicas is less than lifecycle.replicas"}},
		"small volume":       {[]string{"ingest.intake.size=605Mi"}, []string{"ingest.intake.size (605Mi) cannot hold an intake log of ingest.intake.maxMB (512)", "606Mi or more"}},
		"volume in bytes":    {[]string{"ingest.intake.size=635000000"}, []string{"ingest.intake.size (635000000) cannot hold", "606Mi or more"}},
		"volume of decimals": {[]string{"ingest.intake.size=0.5G"}, []string{"ingest.intake.size (0.5G) cannot hold"}},
		"large log":          {[]string{"ingest.intake.maxMB=1000000", "ingest.intake.size=1Ti"}, []string{"cannot hold", "(1000000)", "1100042Mi or more"}},
		"unknown key":        {[]string{"ingres.enabled=true"}, []string{"additional properties 'ingres' not allowed"}},
		"unknown key below":  {[]string{"ingest.intake.sise=1Gi"}, []string{"/ingest/intake", "'sise' not allowed"}},
		"unknown setting":    {[]string{"config.controler=x"}, []string{"/config", "'controler' not allowed"}},
		"set by the chart":   {[]string{"config.listen=0.0.0.0:80"}, []string{"/config", "'listen' not allowed"}},
		"not a number":       {[]string{"ingest.replicas=two"}, []string{"/ingest/replicas", "got string, want integer"}},
		"password in NATS":   {[]string{"nats.url=nats://u:p@nats:4222"}, []string{"/nats/url", "does not match"}},
		"secret as value":    {[]string{"config.sources[0].secrets[0]=whsec_abc"}, []string{"/config/sources/0/secrets/0", "does not match"}},
		"key as value":       {[]string{"config.recipients[0].id=a", "config.recipients[0].by=stripe", "config.recipients[0].key=rk_live_1"}, []string{"/config/recipients/0/key", "does not match"}},
		"unknown platform":   {[]string{"config.sources[0].platform=shopify"}, []string{"/config/sources/0/platform", "'woocommerce'"}},
		"two streams' homes": {[]string{"nats.replicas=2"}, []string{"/nats/replicas", "must be one of 1, 3, 5"}},
		"old cluster":        {nil, []string{"1.29", "incompatible with Kubernetes"}},
	} {
		t.Run(name, func(t *testing.T) {
			version := kubeVersion
			if c.set == nil {
				version = "1.29"
			}
			args := []string{"template", "rodopath", chartDir, "--kube-version", version, "--values", valuesOf("minimal")}
			for _, s := range c.set {
				flag := "--set"
				if strings.HasSuffix(s, "=two") || strings.HasPrefix(s, "ingest.intake.size=") {
					flag = "--set-string"
				}
				args = append(args, flag, s)
			}
			_, errs, err := helm(t, args...)
			if err == nil {
				t.Fatal("it is taken")
			}
			for _, want := range c.want {
				if !strings.Contains(errs, want) {
					t.Errorf("it says %q, want %q", errs, want)
				}
			}
		})
	}
	if _, errs, err := helm(t, "template", "rodopath", chartDir, "--kube-version", kubeVersion, "--values", valuesOf("minimal"), "--set-string", "ingest.replicas=2"); err == nil || !strings.Contains(errs, "got string, want integer") {
		t.Errorf("replicas as a string: %v: %s", err, errs)
	}
}
