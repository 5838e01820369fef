import DynamoDBClient
import Testing

@testable import Replication

@Suite struct CallHistoryTests {
    private let scan = CallHistory.Subject(operation: "Scan", name: "t")
    private let a = CallHistory.Subject(operation: "GetRecords", name: "a")
    private let b = CallHistory.Subject(operation: "GetRecords", name: "b")
    private var history = CallHistory(memory: .seconds(30))

    private func error(_ kind: DynamoDBError.Kind) -> DynamoDBError {
        DynamoDBError(kind: kind, operation: "O", subject: "s", code: "Code", message: "broke", hint: "Mend it.")
    }

    private mutating func fail(_ subject: CallHistory.Subject, _ kind: DynamoDBError.Kind, at second: Int) {
        history.began(subject, at: .seconds(second))
        history.failed(subject, error(kind), at: .seconds(second))
    }

    private func overdue(after timeout: Duration, at now: Duration, isSearching: Bool = true) -> CallHistory.Wait? {
        history.overdue(after: timeout, at: now, isSearching: isSearching)
    }

    @Test("a call in flight is overdue from its begin, a response of another subject is not its own")
    mutating func hanging() {
        history.began(a, at: .seconds(1))
        history.began(b, at: .seconds(1))
        history.responded(b, at: .seconds(2))
        #expect(overdue(after: .seconds(10), at: .milliseconds(10_999)) == nil)
        #expect(overdue(after: .seconds(10), at: .seconds(11)) == .init(subject: a, error: nil))
        history.responded(a, at: .seconds(12))
        #expect(overdue(after: .seconds(10), at: .seconds(99)) == nil)
    }

    @Test(
        "a scan whose pages arrive is never overdue, however long a page takes beside others; the last one that hangs is"
    )
    mutating func pages() {
        for _ in 0..<3 { history.began(scan, at: .zero) }
        for second in 1...60 {
            history.responded(scan, at: .seconds(second))
            #expect(overdue(after: .seconds(2), at: .seconds(second + 1)) == nil)
            history.began(scan, at: .seconds(second))
            fail(a, .throttled, at: second)
        }
        for _ in 0..<2 { history.responded(scan, at: .seconds(61)) }
        history.began(a, at: .seconds(61))
        history.responded(a, at: .seconds(61))
        #expect(overdue(after: .seconds(2), at: .seconds(62)) == nil)
        #expect(overdue(after: .seconds(2), at: .seconds(63)) == .init(subject: scan, error: nil))
    }

    @Test("a throttled scan has its response; one that fails otherwise has none")
    mutating func throttledScan() {
        for second in 0...30 {
            fail(scan, .throttled, at: second)
            #expect(overdue(after: .seconds(10), at: .seconds(second)) == nil)
        }
        for second in 31...41 { fail(scan, .transient, at: second) }
        #expect(overdue(after: .seconds(10), at: .seconds(41))?.subject == scan)
    }

    @Test("the time in which the process stood still counts for no call")
    mutating func standstill() {
        history.began(a, at: .seconds(1))
        fail(b, .accessDenied, at: 2)
        history.stoodStill(for: .seconds(100))
        #expect(overdue(after: .seconds(10), at: .seconds(110)) == nil)
        #expect(!history.isAway(for: .seconds(10), at: .seconds(110)))
        #expect(overdue(after: .seconds(10), at: .seconds(111))?.subject == a)
    }

    @Test(
        "calls that fail one after the other are overdue with the newest failure; one that is not called again is not"
    )
    mutating func failing() {
        for second in 0...9 { fail(a, .transient, at: second) }
        #expect(overdue(after: .seconds(10), at: .seconds(60)) == nil, "a shard that was removed")
        fail(a, .throttled, at: 10)
        #expect(overdue(after: .seconds(10), at: .seconds(10)) == .init(subject: a, error: error(.throttled)))
        history.began(a, at: .seconds(10))
        history.responded(a, at: .seconds(10))
        fail(b, .transient, at: 0)
        history.began(b, at: .seconds(40))
        #expect(overdue(after: .seconds(20), at: .seconds(41)) == nil, "no retry any more")
        history.responded(b, at: .seconds(41))
        fail(scan, .transient, at: 40)
        #expect(overdue(after: .seconds(10), at: .seconds(49)) == nil)
        #expect(overdue(after: .seconds(10), at: .seconds(50))?.subject == scan, "in the pause before a retry")
    }

    @Test("the description of a table that has been found does not count")
    mutating func found() {
        fail(.init(operation: "DescribeTable", name: "t"), .transient, at: 0)
        #expect(overdue(after: .seconds(10), at: .seconds(10)) != nil)
        #expect(overdue(after: .seconds(10), at: .seconds(10), isSearching: false) == nil)
    }

    @Test("a call that was cancelled counts with the time that it waited, and the pause after it does not")
    mutating func cancelled() {
        history.began(a, at: .zero)
        history.failed(a, error(.cancelled), at: .seconds(6))
        #expect(overdue(after: .seconds(10), at: .seconds(100)) == nil)
        history.began(a, at: .seconds(100))
        #expect(overdue(after: .seconds(10), at: .seconds(103)) == nil)
        #expect(overdue(after: .seconds(10), at: .seconds(104)) != nil)
    }

    @Test(
        "a refusal counts from the first one in a row: trouble that can pass, a response and another generation end the row"
    )
    mutating func refusals() {
        for second in 0..<9 { fail(a, .transient, at: second) }
        fail(a, .accessDenied, at: 9)
        #expect(history.refusals.map(\.duration) == [.zero])
        fail(a, .accessDenied, at: 12)
        #expect(history.refusals == [.init(subject: a, error: error(.accessDenied), duration: .seconds(3))])
        fail(a, .throttled, at: 13)
        #expect(history.refusals.isEmpty)
        fail(a, .accessDenied, at: 14)
        history.began(a, at: .seconds(15))
        history.responded(a, at: .seconds(15))
        fail(a, .accessDenied, at: 16)
        fail(a, .accessDenied, at: 18)
        #expect(history.refusals.map(\.duration) == [.seconds(2)])
        history.beginGeneration()
        #expect(history.refusals.isEmpty)
    }

    @Test(
        "another generation forgets the failures of the one before, but for those of DescribeTable and calls in flight"
    )
    mutating func generations() {
        let table = CallHistory.Subject(operation: "DescribeTable", name: "t")
        for subject in [scan, table] { fail(subject, .transient, at: 0) }
        history.began(a, at: .seconds(5))
        history.beginGeneration()
        #expect(overdue(after: .seconds(10), at: .seconds(10))?.subject == table)
        history.began(table, at: .seconds(10))
        history.responded(table, at: .seconds(10))
        #expect(overdue(after: .seconds(10), at: .milliseconds(14_999)) == nil)
        #expect(overdue(after: .seconds(10), at: .seconds(15))?.subject == a)
    }

    @Test(
        "AWS is away when calls wait or fail, and none has had a response for a while: a throttled shard among others is not that"
    )
    mutating func away() {
        #expect(!history.isAway(for: .seconds(2), at: .seconds(100)), "nobody has called")
        fail(a, .throttled, at: 100)
        #expect(!history.isAway(for: .seconds(2), at: .seconds(101)))
        history.began(b, at: .seconds(101))
        history.responded(b, at: .seconds(101))
        fail(a, .throttled, at: 102)
        #expect(!history.isAway(for: .seconds(2), at: .milliseconds(102_900)))
        history.began(b, at: .milliseconds(102_900))
        #expect(history.isAway(for: .seconds(2), at: .seconds(103)), "b has not responded since 101")
        history.responded(b, at: .seconds(104))
        #expect(!history.isAway(for: .seconds(2), at: .seconds(105)))
        #expect(history.isAway(for: .seconds(2), at: .seconds(106)))
        #expect(!history.isAway(for: .seconds(2), at: .seconds(140)), "a is called no more")
        history.began(scan, at: .seconds(140))
        #expect(!history.isAway(for: .seconds(2), at: .seconds(141)))
        #expect(history.isAway(for: .seconds(2), at: .seconds(142)), "a call that hangs")
    }
}
