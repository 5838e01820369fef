/// One parser under fuzzing: what it does with bytes, and what must hold of it. A broken promise ends the process, which is how
/// libFuzzer learns of it.
protocol FuzzTarget: Sendable {
    /// Runs one input.
    func run(_ bytes: UnsafeRawBufferPointer)
}

/// All targets by name; each has a folder of seeds in `Corpora`.
let fuzzTargets: [String: @Sendable () -> any FuzzTarget] = [
    "answers": { AnswersTarget() },
    "api": { APITarget() },
    "chunked": { ChunkedTarget() },
    "fields": { FieldsTarget() },
    "item": { ItemTarget() },
    "number": { NumberTarget() },
    "patch": { PatchTarget() },
    "position": { PositionTarget() },
    "proxy": { ProxyTarget() },
    "request": { RequestTarget() },
    "shared-files": { SharedFilesTarget() },
    "state": { StateTarget() },
    "tickets": { TicketsTarget() },
    "where": { WhereTarget() },
    "xml": { XMLTarget() },
]

/// Ends the process with a sentence when a promise is broken. Not `precondition`: its text is gone from optimised programs.
func require(_ promise: Bool, _ sentence: @autoclosure () -> String) {
    if !promise { fatalError(sentence()) }
}

/// Where to cut an input in two: everywhere when it is short, at 64 places that depend on its bytes when it is long.
func cuts(_ bytes: UnsafeRawBufferPointer) -> [Int] {
    if bytes.count <= 160 { return Array(0...bytes.count) }
    var state = bytes.reduce(UInt64(bytes.count)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return (0..<64).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % (bytes.count + 1)
    }
}
