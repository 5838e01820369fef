extension FixedWidthInteger {
    /// The whole number at or next to `number` towards zero; the nearest that there is for one out of range, 0 for what is no number.
    /// `Int64(_: Double)` ends the process on those, so numbers from outside take this way (`scripts/lint` holds it).
    package init(saturating number: Double) {
        if let exact = Self(exactly: number.rounded(.towardZero)) {
            self = exact
        } else {
            self = number.isNaN ? 0 : number < 0 ? .min : .max
        }
    }
}
