import Basics

/// The cost and the duration that a scan will have, from its cost and duration so far and DescribeTable's count of items.
struct ScanEstimate: Sendable, Hashable {
    /// Read capacity units of the whole scan; nil while nothing is known.
    var units: Double?
    var secondsLeft: Double?

    /// `approximateItems` is hours old: with more than that scanned there is nothing left to guess.
    init(approximateItems: Int64, scannedItems: Int, scannedUnits: Double, elapsed: Duration) {
        guard scannedItems > 0, approximateItems > Int64(scannedItems) else { return }
        let share = Double(approximateItems) / Double(scannedItems)
        units = scannedUnits * share
        secondsLeft = Double(elapsed.wholeMilliseconds) / 1_000 * (share - 1)
    }
}
