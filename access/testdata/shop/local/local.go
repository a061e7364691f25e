// Package local: variables of functions, captured ones, parameters.
package local

func Captured() {
	m := map[string]int{}
	done := make(chan bool)
	go func() {
		m["a"] = 1 //> assign local.Captured.m
		func() {
			m["b"] = 2 //> assign local.Captured.m
		}()
		close(done)
	}()
	_ = m["a"] //> lookup local.Captured.m
	<-done
}

func Shadow() {
	m := make(map[int]int)
	m[1] = 1 //> assign local.Shadow.m
	{
		m := make(map[int]int)
		m[2] = 2 //> assign local.Shadow.m
	}
}

func fill(into map[string]int, k string) {
	into[k] = 1 //> assign local.Hand.first; assign local.Hand.second
}

func Hand() {
	first, second := map[string]int{}, make(map[string]int)
	fill(first, "a")
	fill(second, "b")
}

func Given(m map[string]int) int { return m["x"] } //> lookup local.Given.m

func pointer(m *map[string]int) { (*m)["x"] = 1 } //> assign local.Point.m

func Point() {
	m := map[string]int{}
	pointer(&m)
}
