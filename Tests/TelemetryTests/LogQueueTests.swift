import Dispatch
import Glibc
import Synchronization
import Testing

@testable import Telemetry

@Suite struct LogQueueTests {
    /// A reader that reads only when it is let.
    private final class Reader: Sendable {
        private let state = Mutex((lines: [String](), isReading: false))
        let blocked = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        var lines: [String] { state.withLock { $0.lines } }

        /// What the queue's thread calls: the first line waits for `comeBack`.
        @Sendable func write(_ line: [UInt8]) -> Bool {
            if !state.withLock({ $0.isReading }) {
                blocked.signal()
                gate.wait()
            }
            state.withLock { $0.lines.append(String(decoding: line.dropLast(), as: UTF8.self)) }
            return true
        }

        func comeBack() {
            state.withLock { $0.isReading = true }
            gate.signal()
        }
    }

    private static func line(_ text: String) -> [UInt8] { Array("\(text)\n".utf8) }

    @Test("bounds the lines, counts what it drops, and reports it in one line when the reader comes back")
    func lines() {
        let reader = Reader()
        let queue = LogQueue(write: reader.write)
        let log = queue.log(limits: LogQueueLimits(waitingLines: 3)) { Self.line("\($0) missing") }
        log.put(Self.line("held"))
        reader.blocked.wait()
        let taken = (0..<10).map { log.put(Self.line("\($0)")) }
        #expect(taken == (0..<10).map { $0 < 3 })
        #expect(queue.droppedTotal == 7)
        #expect(!queue.isIdle)
        reader.comeBack()
        #expect(queue.flush(within: .seconds(30)))
        #expect(reader.lines == ["held", "0", "1", "2", "7 missing"])
        log.put(Self.line("after"))
        #expect(queue.flush(within: .seconds(30)))
        #expect(reader.lines.last == "after")
    }

    @Test("bounds the bytes as well, and a line that is larger than all of them is dropped")
    func bytes() {
        let reader = Reader()
        let queue = LogQueue(write: reader.write)
        let log = queue.log(limits: LogQueueLimits(waitingBytes: 10)) { Self.line("\($0) missing") }
        log.put(Self.line("held"))
        reader.blocked.wait()
        #expect(log.put(Self.line("12345")))
        #expect(!log.put(Self.line("12345")))
        #expect(log.put(Self.line("123")))
        #expect(!log.put(Self.line(String(repeating: "x", count: 100))))
        reader.comeBack()
        #expect(queue.flush(within: .seconds(30)))
        #expect(reader.lines == ["held", "12345", "2 missing", "123"])
    }

    @Test("a flood in one log takes no room from another, and what is made later is made on the queue's thread")
    func logs() {
        let reader = Reader()
        let queue = LogQueue(write: reader.write)
        let flooded = queue.log(limits: LogQueueLimits(waitingLines: 2)) { Self.line("\($0) of the flood missing") }
        let other = queue.log { Self.line("\($0) of the other missing") }
        flooded.put(Self.line("held"))
        reader.blocked.wait()
        for _ in 0..<100 { flooded.put(Self.line("flood")) }
        let isMade = Mutex(false)
        let isTaken = other.put(bytes: 8) {
            isMade.withLock { $0 = true }
            return Self.line("warning")
        }
        #expect(isTaken)
        let isMadeEarly = isMade.withLock { $0 }
        #expect(!isMadeEarly)
        reader.comeBack()
        #expect(queue.flush(within: .seconds(30)))
        #expect(reader.lines == ["held", "flood", "flood", "98 of the flood missing", "warning"])
    }

    @Test(
        "keeps many lines in order, from several threads, and waits for none of them at the end longer than it is told"
    )
    func order() {
        let reader = Reader()
        let queue = LogQueue(write: reader.write)
        let log = queue.log(limits: LogQueueLimits(waitingLines: 100_000)) { Self.line("\($0) missing") }
        log.put(Self.line("held"))
        reader.blocked.wait()
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for number in 0..<2_000 { log.put(Self.line("\(thread) \(number)")) }
        }
        #expect(!queue.flush(within: .milliseconds(20)))
        reader.comeBack()
        #expect(queue.flush(within: .seconds(30)))
        let lines = reader.lines.dropFirst()
        #expect(lines.count == 8_000)
        for thread in 0..<4 {
            let own = lines.filter { $0.hasPrefix("\(thread) ") }
            #expect(own == (0..<2_000).map { "\(thread) \($0)" })
        }
    }

    @Test("counts a line that cannot be written as dropped")
    func unwritable() {
        let queue = LogQueue { _ in false }
        queue.log { _ in [] }.put(Self.line("lost"))
        #expect(queue.flush(within: .seconds(30)))
        #expect(queue.droppedTotal == 1)
    }
}
