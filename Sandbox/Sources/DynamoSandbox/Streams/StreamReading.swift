import Basics
import TableModel

/// GetShardIterator and GetRecords.
extension Engine {
    mutating func getShardIterator(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let types = ["TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"]
        guard let type = try request.choice("ShardIteratorType", among: types) else {
            throw SandboxError.constraint("null", at: "shardIteratorType", "not be null")
        }
        let stream = try stream(try request.string("StreamArn"), now: now)
        try checkObstacle(of: stream)
        guard let id = try request.string("ShardId") else {
            throw SandboxError.constraint("null", at: "shardId", "not be null")
        }
        guard let shard = stream.shard(id) else { throw SandboxError.notFound("Shard does not exist") }
        let number = try Self.sequenceNumber(request, type)
        let from: UInt128
        var skipsBefore: Int64 = 0
        switch (type, number) {
        case ("AT_SEQUENCE_NUMBER", let number?):
            try Self.checkNotTrimmed(number, shard)
            from = number
        case ("AFTER_SEQUENCE_NUMBER", let number?):
            try Self.checkNotTrimmed(number, shard)
            from = number + 1
        case ("LATEST", _):
            from = sequenceNumbers.newest + 1
            if settings.latestSlack > .zero { skipsBefore = now + settings.latestSlack.wholeMilliseconds }
        default:
            from = shard.lastTrimmed.map { $0 + 1 } ?? shard.startingSequenceNumber
        }
        let iterator = ShardIterator(
            streamARN: stream.arn,
            shardID: id,
            from: from,
            issuedAt: now,
            skipsBefore: skipsBefore
        )
        return JSONWriter.object { $0.member("ShardIterator", iterator.token) }
    }

    private static func sequenceNumber(_ request: Request, _ type: String) throws(SandboxError) -> UInt128? {
        let text = try request.string("SequenceNumber")
        guard type.hasSuffix("_SEQUENCE_NUMBER") else {
            guard text == nil else {
                throw SandboxError.validation("Must not provide SequenceNumber with ShardIteratorType \(type)")
            }
            return nil
        }
        guard let text else {
            throw SandboxError.validation("Must provide SequenceNumber with ShardIteratorType \(type)")
        }
        guard (21...40).contains(text.utf8.count), let number = UInt128(text) else {
            throw SandboxError.validation("Invalid SequenceNumber")
        }
        return number
    }

    private static func checkNotTrimmed(_ number: UInt128, _ shard: ShardLog) throws(SandboxError) {
        guard let trimmed = shard.lastTrimmed, number <= trimmed else { return }
        throw Self.trimmed
    }

    private static var trimmed: SandboxError {
        SandboxError(
            "TrimmedDataAccessException",
            "The operation attempted to read past the oldest stream record in a shard"
        )
    }

    mutating func getRecords(_ request: Request, now: Int64, fault: SandboxFault?) throws(SandboxError) -> [UInt8] {
        let bounds = 1...SandboxLimits.recordsPerPage
        let limit = Int(try request.integer("Limit", in: bounds) ?? SandboxLimits.recordsPerPage)
        guard let token = try request.string("ShardIterator") else {
            throw SandboxError.constraint("null", at: "shardIterator", "not be null")
        }
        guard let iterator = ShardIterator(token: token) else { throw SandboxError.validation("Invalid ShardIterator") }
        guard now - iterator.issuedAt < settings.iteratorLifetime.wholeMilliseconds else {
            throw SandboxError(
                "ExpiredIteratorException",
                "The shard iterator has expired and can no longer be used to retrieve stream records."
            )
        }
        let stream = try stream(iterator.streamARN, now: now)
        try checkObstacle(of: stream)
        guard let shard = stream.shard(iterator.shardID) else { throw SandboxError.notFound("Shard does not exist") }
        if let trimmed = shard.lastTrimmed, iterator.from <= trimmed { throw Self.trimmed }
        var page = fault == .emptyPage ? [] : self.page(of: shard, iterator, limit: limit)
        let next = nextIterator(after: page, of: shard, iterator, now: now, emptied: fault == .emptyPage)
        if case .repeatRecords(let count)? = fault {
            page = Array(shard.records(before: iterator.from, count: count)) + page
        }
        return response(page, of: stream, next: next)
    }

    private func page(of shard: ShardLog, _ iterator: ShardIterator, limit: Int) -> [LoggedRecord] {
        var page: [LoggedRecord] = []
        var bytes = 0
        for record in shard.records(from: iterator.from) where record.createdAt >= iterator.skipsBefore {
            if page.count == limit || (!page.isEmpty && bytes + record.size > settings.pageBytes) { break }
            page.append(record)
            bytes += record.size
        }
        return page
    }

    /// The iterator for what comes after `page`; nil when the shard has been read to its end.
    private func nextIterator(
        after page: [LoggedRecord],
        of shard: ShardLog,
        _ iterator: ShardIterator,
        now: Int64,
        emptied: Bool
    ) -> ShardIterator? {
        let from = page.last.map { $0.sequenceNumber + 1 } ?? iterator.from
        let isAtEnd = !shard.isOpen && !emptied && !listing.isEndless(shard.id) && shard.records(from: from).isEmpty
        if isAtEnd, page.isEmpty || settings.endsShardWithLastRecords { return nil }
        return ShardIterator(
            streamARN: iterator.streamARN,
            shardID: iterator.shardID,
            from: from,
            issuedAt: now,
            skipsBefore: iterator.skipsBefore
        )
    }

    private func response(_ page: [LoggedRecord], of stream: TableStream, next: ShardIterator?) -> [UInt8] {
        JSONWriter.object { output in
            output.name("Records")
            output.array(page) { RecordOutput.write($1, of: stream, settings, &$0) }
            if let next { output.member("NextShardIterator", next.token) }
        }
    }
}
