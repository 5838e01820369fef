import HTTPServer

/// A body that comes late, in drops, or never to its end.
final class FaultyBody: StreamingBody {
    enum Delivery {
        case dropped
        case late(Duration)
        case trickled(bytes: Int, interval: Duration)
    }

    private let bytes: [UInt8]
    private let delivery: Delivery
    private var sent = 0
    /// Nothing before this time on the server's clock; nil until the first call.
    private var notBefore: Duration?

    init(_ bytes: [UInt8], _ delivery: Delivery) {
        self.bytes = bytes
        self.delivery = delivery
    }

    func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
        switch delivery {
        case .dropped:
            guard sent == 0, !bytes.isEmpty else { return .abort }
            sent = max(1, bytes.count / 2)
            output.append(contentsOf: bytes[..<sent])
            return .again
        case .late(let duration):
            let due = notBefore ?? now + duration
            notBefore = due
            guard now >= due else { return .wait(until: due) }
            return append(budget, to: &output)
        case .trickled(let count, let interval):
            let due = notBefore ?? now
            guard now >= due else { return .wait(until: due) }
            notBefore = now + interval
            let step = append(max(1, count), to: &output)
            return step == .end ? .end : .wait(until: now + interval)
        }
    }

    private func append(_ count: Int, to output: inout [UInt8]) -> StreamStep {
        let end = min(bytes.count, sent + count)
        output.append(contentsOf: bytes[sent..<end])
        sent = end
        return sent == bytes.count ? .end : .again
    }

    func drain() {}

    func finished(_ reason: StreamEnd) {}
}
