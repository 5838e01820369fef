import HTTPSemantics

/// The codings that a client takes (RFC 9110 section 12.5.3), as far as we have them: gzip and none.
struct AcceptEncoding: Sendable, Hashable {
    /// Weights in thousandths; 0 is not acceptable.
    private(set) var gzip = 0
    private(set) var identity = 1000

    /// Reads a field's value; without the field only identity is taken. Elements that cannot be read are as if absent.
    init(_ field: String?) {
        guard let field else { return }
        var gzip: Int?
        var identity: Int?
        var any: Int?
        for coding in WeightedName.list(field) {
            switch coding.name {
            case "gzip", "x-gzip": gzip = coding.weight
            case "identity": identity = coding.weight
            case "*": any = coding.weight
            default: break
            }
        }
        self.gzip = gzip ?? any ?? 0
        // Identity is acceptable unless it is refused, by name or with everything.
        self.identity = identity ?? (any == 0 ? 0 : 1)
    }

    /// Whether gzip is taken, and nothing better.
    var prefersGzip: Bool { gzip > 0 && gzip >= identity }
}
