/// A route of the router, as responses, metrics and logs name it.
package struct Route: Sendable, Hashable {
    /// Its place in the order in which routes were added, from 0: for values that are kept per route.
    package let index: Int
    /// Literal segments and `{name}` parameters: "/v1/items/{pk}".
    package let pattern: String

    /// The router makes them; tests may.
    package init(index: Int, pattern: String) {
        self.index = index
        self.pattern = pattern
    }
}
