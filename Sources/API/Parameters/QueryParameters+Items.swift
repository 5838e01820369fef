import ItemQuery

/// The parameters that several operations on items share beside the filter.
extension QueryParameters {
    /// The predicate in a parameter of the grammar of `where`; nil when absent.
    func predicate(_ name: String) throws(Problem) -> WhereExpression? {
        guard let text = self[name] else { return nil }
        do throws(QuerySyntaxError) { return try WhereExpression(text) } catch { throw invalid(name, error) }
    }

    /// How old an answer may be; nil when absent.
    func maximumLag() throws(Problem) -> Duration? { try duration("max_lag", in: .zero...(.seconds(86_400))) }
}
