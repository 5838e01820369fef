import AWSClient
import StreamModel
import Synchronization
import TestTools
import Testing

@testable import DynamoDBStream

@Suite struct StreamPollerTests {
    @Test("a sleep that ends a moment before its time, as clocks that do not agree make it, does not end the reading")
    func earlyWake() async throws {
        let clock = Mutex(Duration.seconds(1))
        let time = TimeSource(
            monotonic: { clock.withLock { $0 } },
            wallMilliseconds: { 1_700_000_000_000 },
            sleep: { duration in
                try Task.checkCancellation()
                await Task.yield()
                let early = Duration.microseconds(1)
                clock.withLock { $0 += duration > early ? duration - early : duration }
            },
            random: { 0.5 }
        )
        var model = StreamModel("A")
        model.write("k", "0")
        let client = ModelClient(model)
        let poller = StreamPoller(
            streamARN: "arn",
            api: client,
            start: .trimHorizon,
            settings: StreamSettings(),
            time: time
        )
        let taken = Mutex<[String]>([])
        let following = Task {
            try await poller.follow(notify: { _ in }) { delivery in
                for case .records(_, let records) in delivery.items {
                    taken.withLock { $0 += records.map(MachineDriver.word) }
                }
                return .taken
            }
        }
        for value in 0..<5 {
            let isTaken = await comesTrue(within: .seconds(10)) { taken.withLock { $0.last } == "k=\(value)" }
            #expect(isTaken, "k=\(value)")
            guard isTaken else { break }
            client.change { $0.write("k", "\(value + 1)") }
        }
        following.cancel()
        _ = await following.result
    }
}
