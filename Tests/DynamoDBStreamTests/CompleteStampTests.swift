import DynamoDBClient
import Testing

@testable import DynamoDBStream

/// The time up to which a shard is proved to be read, in the terms of the clock that stamps its records.
@Suite struct CompleteStampTests {
    private static let start: Int64 = 1_700_000_000_000

    /// A moment some milliseconds after the start. `offset` is that of the service's clock; nil where it is unknown.
    private func time(_ milliseconds: Int64, offset: Int64? = 0) -> StreamTime {
        StreamTime(
            continuous: .milliseconds(milliseconds),
            wallMilliseconds: Self.start + milliseconds,
            service: offset.map {
                ServiceTime(
                    earliest: Self.start + milliseconds + $0,
                    latest: Self.start + milliseconds + $0 + 900
                )
            }
        )
    }

    private func noteEmptyPage(at milliseconds: Int64, offset: Int64? = 0, in evidence: inout ReadEvidence) {
        let moment = time(milliseconds, offset: offset)
        evidence.note(
            RecordsPage(records: [], nextIterator: "i"),
            isNews: false,
            isQueued: false,
            isListedOpen: true,
            PageContext(
                started: moment,
                now: moment,
                recordMilliseconds: moment.recordMilliseconds,
                listed: .zero,
                evidenceMoment: nil,
                outagePatience: .seconds(60),
                settings: StreamSettings()
            )
        )
    }

    @Test("enough empty pages prove the time of the first of them, less the second that stamps are cut by")
    func emptyPages() {
        var evidence = ReadEvidence()
        evidence.becomeReadable(at: .zero)
        for page in 0..<4 { noteEmptyPage(at: Int64(page) * 250, in: &evidence) }
        #expect(evidence.completeStamp == nil)
        noteEmptyPage(at: 1_000, in: &evidence)
        #expect(evidence.completeStamp == Self.start - 1_000)
        noteEmptyPage(at: 1_250, in: &evidence)
        #expect(evidence.completeStamp == Self.start - 750)
    }

    @Test("a pause that only the service's clock shows raises nothing that was proved before it")
    func paused() {
        var evidence = ReadEvidence()
        evidence.becomeReadable(at: .zero)
        for page in 0..<5 { noteEmptyPage(at: Int64(page) * 250, in: &evidence) }
        // The service's clock is 30 s further at the next page, the continuous clock is not.
        noteEmptyPage(at: 1_250, offset: 30_000, in: &evidence)
        #expect(evidence.completeStamp == Self.start - 750)
    }

    @Test("without the service's clock empty pages prove no time")
    func unknownClock() {
        var evidence = ReadEvidence()
        evidence.becomeReadable(at: .zero)
        for page in 0..<9 { noteEmptyPage(at: Int64(page) * 250, offset: nil, in: &evidence) }
        #expect(evidence.completeUntil != nil && evidence.completeStamp == nil)
    }

    @Test("a child begins with what its parent has proved, and a doubt ends every claim")
    func child() {
        var evidence = ReadEvidence()
        evidence.becomeReadable(at: .seconds(1), completeUntil: .zero, stamp: Self.start)
        #expect(evidence.completeStamp == Self.start)
        evidence.doubtAll(after: .zero)
        #expect(evidence.completeStamp == nil)
    }
}
