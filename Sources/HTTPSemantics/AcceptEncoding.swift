/// The codings that a client takes (RFC 9110 section 12.5.3), as far as we have them: gzip and none.
package struct AcceptEncoding: Sendable, Hashable {
    /// Weights in thousandths; 0 is not acceptable.
    private(set) var gzip = 0
    private(set) var identity = 1000

    /// How a response goes out.
    package enum Coding: Sendable, Hashable {
        case gzip
        /// As it is.
        case identity
    }

    /// Reads a field's value; without the field only identity is taken. Elements that cannot be read are as if absent.
    package init(_ field: String?) {
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
    package var prefersGzip: Bool { gzip > 0 && gzip >= identity }

    /// The coding of a response that gzip makes much smaller, or not (`isWorthwhile`): gzip where that is so and the
    /// client prefers it, or where it takes nothing else. Nil when it takes neither.
    package func coding(isWorthwhile: Bool) -> Coding? {
        if gzip > 0, identity == 0 || isWorthwhile && prefersGzip { return .gzip }
        return identity > 0 ? .identity : nil
    }
}
