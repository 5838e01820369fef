import CCurl

/// A streamed request and its handle while it runs.
final class StreamedTransfer: EasyHandle {
    private let stream: StreamedRequest
    private var isHeadTold = false
    private var isStopped = false
    private let startedAt: Duration
    private var heardAt: Duration
    /// Nil while it runs.
    private(set) var outcome: StreamedEnd?

    init?(_ stream: StreamedRequest) {
        self.stream = stream
        startedAt = stream.now()
        heardAt = startedAt
        super.init()
        begin(stream.request, over: stream.connection)
        takeLines()
    }

    /// Takes libcurl's result.
    func finish(_ result: CURLcode) {
        guard outcome == nil else { return }
        end(isStopped ? .stopped : result == CURLE_OK ? .complete : .failed(failure(result)))
    }

    /// Ends the transfer when its owner or its bounds say so.
    func check(isStopping: Bool, _ multi: UnsafeMutableRawPointer) {
        guard outcome == nil else { return }
        let time = stream.now()
        let isOver = stream.total.map { time - startedAt >= $0 } ?? false
        let isSilent = stream.silence.map { time - heardAt >= $0 } ?? false
        guard isStopped || isStopping || isOver || isSilent else { return }
        curl_multi_remove_handle(multi, handle)
        end(isStopped || isStopping || isOver ? .stopped : .silent)
    }

    private func end(_ outcome: StreamedEnd) {
        self.outcome = outcome
        stream.onEnd()
    }

    override func receive(line: UnsafeRawBufferPointer) -> Bool {
        heardAt = stream.now()
        // An empty line ends the head; that of a 1xx is followed by another.
        if line.count <= 2, status >= 200, !isHeadTold {
            isHeadTold = true
            if stream.onHead(head()) == .stop { isStopped = true }
        }
        return !isStopped
    }

    override func receive(body: UnsafeRawBufferPointer) -> Bool {
        heardAt = stream.now()
        if !isStopped, stream.onBytes(body.assumingMemoryBound(to: UInt8.self).span) == .stop { isStopped = true }
        return !isStopped
    }
}

extension StreamedRequest {
    /// How often the owner is asked and the bounds are looked at, in milliseconds.
    private static let checkInterval: Int32 = 100

    /// Runs several at once, each on a connection of its own, until all of them have ended; their ends in the same
    /// order. Blocks its thread, which has to ignore SIGPIPE.
    package static func run(_ streams: [StreamedRequest], shouldStop: () -> Bool) -> [StreamedEnd] {
        guard Curl.isReady, let multi = curl_multi_init() else { return streams.map { _ in .failed(.outOfMemory) } }
        let transfers = streams.map { StreamedTransfer($0) }
        let running = transfers.compactMap { $0 }
        for transfer in running { curl_multi_add_handle(multi, transfer.handle) }
        // `running` holds the transfers until their handles are removed.
        defer {
            for transfer in running { curl_multi_remove_handle(multi, transfer.handle) }
            curl_multi_cleanup(multi)
        }
        while true {
            var count: Int32 = 0
            curl_multi_perform(multi, &count)
            while let (handle, result) = Curl.nextEnded(multi) {
                running.first { $0.handle == handle }?.finish(result)
            }
            let isStopping = shouldStop()
            for transfer in running { transfer.check(isStopping: isStopping, multi) }
            if running.allSatisfy({ $0.outcome != nil }) {
                return transfers.map { $0.map { $0.outcome ?? .stopped } ?? .failed(.outOfMemory) }
            }
            curl_multi_poll(multi, nil, 0, checkInterval, nil)
        }
    }
}
