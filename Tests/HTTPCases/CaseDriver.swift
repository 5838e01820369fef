/// Runs cases against a server on 127.0.0.1: whole, byte by byte, and cut at every offset, each on a connection of its own.
///
/// Between two pieces of one connection a request on another one is answered. Where the server has one event loop it has
/// then read the first piece by itself.
package struct CaseDriver {
    private static let probe = Array("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    private let port: Int

    package init(port: Int) { self.port = port }

    /// What went wrong, nil when nothing did.
    package func failure(of httpCase: HTTPCase) -> String? {
        do throws(CaseFailure) {
            try run(httpCase)
            return nil
        } catch {
            return "\(httpCase.name): \(error)"
        }
    }

    private func run(_ httpCase: HTTPCase) throws(CaseFailure) {
        let witness = try CaseConnection(port: port)
        var whole = try CaseRun(httpCase, port, "whole")
        while try whole.begin() {
            try whole.feed(whole.bytes.indices)
            try whole.finishStep()
        }
        for index in httpCase.steps.indices { try runCut(httpCase, step: index, witness) }
        try runBytewise(httpCase, witness)
    }

    /// All cuts of one step at once: first parts, a look, second parts.
    private func runCut(_ httpCase: HTTPCase, step: Int, _ witness: CaseConnection) throws(CaseFailure) {
        let count = httpCase.steps[step].bytes.count
        var runs: [(run: CaseRun, cut: Int)] = []
        for cut in HTTPCase.cuts(count) {
            var run = try CaseRun(httpCase, port, "cut at byte \(cut) of step \(step + 1)")
            for _ in 0..<step {
                _ = try run.begin()
                try run.feed(run.bytes.indices)
                try run.finishStep()
            }
            _ = try run.begin()
            // What a step refers to may be longer than its name in the file.
            let place = cut * 2 > count ? run.bytes.count - (count - cut) : cut
            try run.feed(0..<place)
            runs.append((run, place))
        }
        try look(witness)
        for index in runs.indices {
            let cut = runs[index].cut
            try runs[index].run.feed(cut..<runs[index].run.bytes.count)
        }
        for var (run, _) in runs {
            try run.finishStep()
            while try run.begin() {
                try run.feed(run.bytes.indices)
                try run.finishStep()
            }
        }
    }

    private func runBytewise(_ httpCase: HTTPCase, _ witness: CaseConnection) throws(CaseFailure) {
        guard httpCase.bytes.count <= HTTPCase.cutEverywhere else { return }
        var run = try CaseRun(httpCase, port, "byte by byte")
        while try run.begin() {
            for index in run.bytes.indices {
                try run.feed(index..<(index + 1))
                try look(witness)
            }
            try run.finishStep()
        }
    }

    private func look(_ witness: CaseConnection) throws(CaseFailure) {
        try witness.send(Self.probe[...])
        _ = try witness.response(toHead: false)
    }
}
