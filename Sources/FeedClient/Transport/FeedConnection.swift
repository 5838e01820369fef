import Basics
import CCurl
import Synchronization

/// What a connection asks of its owner while it receives.
package enum ReceiveStep: Sendable, Hashable { case goOn, stop }

/// How a GET ended.
package enum ConnectionEnd: Sendable, Hashable {
    /// The body was complete.
    case complete
    /// The owner said stop.
    case stopped
    /// Nothing came for as long as was allowed.
    case silent
    /// What libcurl says went wrong.
    case failed(String)
}

/// One GET whose body is read as it arrives. Blocks the thread that runs it, which therefore must be its own.
package final class FeedConnection {
    /// What is asked for.
    package struct Request: Sendable, Hashable {
        package var url: String
        package var fields: [AnswerHead.Field] = []
        /// Ends the connection after this long without a byte; nil for no bound.
        package var silence: Duration?
        /// Ends it after this long altogether; nil for no bound.
        package var total: Duration?
        /// Ask for gzip, and decode it.
        package var isCompressed = false
        /// A file of PEM certificates to trust instead of the system's.
        package var certificates: String?
        /// Speak HTTP/1.1 also where HTTP/2 is offered.
        package var isOldVersion = false

        package init(url: String) { self.url = url }
    }

    private let request: Request
    private let limits: FeedClientLimits
    private let now: () -> Duration
    private let onHead: (AnswerHead) -> ReceiveStep
    private let onBytes: (UnsafeRawBufferPointer) -> ReceiveStep
    private let onEnd: () -> Void
    private var reader = AnswerHeadReader()
    private var isHeadTold = false
    private var isStopped = false
    private var startedAt: Duration = .zero
    private var heardAt: Duration = .zero

    /// `onHead` is called once, before the first byte of the body; `onBytes` with each piece of it; `onEnd` once it is over.
    package init(
        _ request: Request,
        limits: FeedClientLimits = FeedClientLimits(),
        now: @escaping () -> Duration = SystemClock.continuous,
        onHead: @escaping (AnswerHead) -> ReceiveStep,
        onBytes: @escaping (UnsafeRawBufferPointer) -> ReceiveStep,
        onEnd: @escaping () -> Void = {}
    ) {
        self.request = request
        self.limits = limits
        self.now = now
        self.onHead = onHead
        self.onBytes = onBytes
        self.onEnd = onEnd
    }

    /// Runs to the end. `shouldStop` is asked at least every quarter of a second.
    package func run(shouldStop: () -> Bool) -> ConnectionEnd {
        Self.run([self], shouldStop: shouldStop).first ?? .failed("there was nothing to run")
    }

    /// Runs several at once, each on a connection of its own, until all of them have ended; their ends in the same order.
    package static func run(_ connections: [FeedConnection], shouldStop: () -> Bool) -> [ConnectionEnd] {
        guard let multi = curl_multi_init() else { return connections.map { _ in .failed("out of memory") } }
        var transfers = connections.map { Transfer(connection: $0) }
        for transfer in transfers where transfer.easy != nil { curl_multi_add_handle(multi, transfer.easy) }
        defer {
            for transfer in transfers { transfer.free(multi) }
            curl_multi_cleanup(multi)
        }
        while true {
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            var left: Int32 = 0
            while let message = curl_multi_info_read(multi, &left) {
                guard message.pointee.msg == CURLMSG_DONE,
                    let index = transfers.firstIndex(where: { $0.easy == message.pointee.easy_handle })
                else { continue }
                transfers[index].finish(ccurl_message_result(message))
            }
            let isStopping = shouldStop()
            for index in transfers.indices { transfers[index].check(isStopping: isStopping, multi) }
            if transfers.allSatisfy({ $0.end != nil }) { return transfers.map { $0.end ?? .stopped } }
            curl_multi_poll(multi, nil, 0, 100, nil)
        }
    }

    /// One connection and its handle while they run.
    private struct Transfer {
        let connection: FeedConnection
        let easy: UnsafeMutableRawPointer?
        private let list: UnsafeMutablePointer<curl_slist>?
        private let errorText: UnsafeMutablePointer<CChar>
        private(set) var end: ConnectionEnd?

        init(connection: FeedConnection) {
            self.connection = connection
            errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
            errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
            easy = curl_easy_init()
            guard let easy else {
                list = nil
                end = .failed("out of memory")
                return
            }
            list = connection.prepare(easy)
            ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
            connection.startedAt = connection.now()
            connection.heardAt = connection.startedAt
        }

        mutating func finish(_ result: CURLcode) {
            guard end == nil else { return }
            end = connection.end(result, words: String(cString: errorText))
            connection.onEnd()
        }

        /// Ends the transfer when its owner or its bounds say so.
        mutating func check(isStopping: Bool, _ multi: UnsafeMutableRawPointer) {
            guard end == nil else { return }
            let time = connection.now()
            if connection.isStopped || isStopping {
                end = .stopped
            } else if let total = connection.request.total, time - connection.startedAt >= total {
                end = .stopped
            } else if let silence = connection.request.silence, time - connection.heardAt >= silence {
                end = .silent
            } else {
                return
            }
            curl_multi_remove_handle(multi, easy)
            connection.onEnd()
        }

        func free(_ multi: UnsafeMutableRawPointer) {
            if let easy {
                curl_multi_remove_handle(multi, easy)
                curl_easy_cleanup(easy)
            }
            curl_slist_free_all(list)
            errorText.deallocate()
        }
    }

    private func end(_ result: CURLcode, words: String) -> ConnectionEnd {
        if isStopped { return .stopped }
        if result == CURLE_OK {
            tellHead()
            return .complete
        }
        return .failed(words.isEmpty ? String(cString: curl_easy_strerror(result)) : words)
    }

    private func prepare(_ easy: UnsafeMutableRawPointer) -> UnsafeMutablePointer<curl_slist>? {
        ccurl_set_string(easy, CURLOPT_URL, request.url)
        ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        ccurl_set_string(easy, CURLOPT_USERAGENT, "tablecast")
        ccurl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(limits.connectTimeout.millisecondsToWait)))
        if let certificates = request.certificates { ccurl_set_string(easy, CURLOPT_CAINFO, certificates) }
        if request.isOldVersion { ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)) }
        if request.isCompressed { ccurl_set_string(easy, CURLOPT_ACCEPT_ENCODING, "gzip") }
        var list: UnsafeMutablePointer<curl_slist>?
        for field in request.fields {
            // Nil means out of memory, and then the list so far is still ours.
            if let longer = curl_slist_append(list, "\(field.name): \(field.value)") { list = longer }
        }
        ccurl_set_pointer(easy, CURLOPT_HTTPHEADER, list)
        // Unretained: `run` holds this object for as long as the handle lives.
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_header_function(easy, receiveHeaderLine)
        ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        ccurl_set_write_function(easy, receiveBodyBytes)
        ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        return list
    }

    fileprivate func receiveHead(_ line: UnsafeRawBufferPointer) -> Bool {
        heardAt = now()
        // An empty line ends the head; that of a 1xx is followed by another.
        if line.count <= 2 {
            if (reader.head?.status ?? 0) >= 200 { tellHead() }
            return !isStopped
        }
        reader.receive(String(decoding: line, as: UTF8.self))
        return true
    }

    fileprivate func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        heardAt = now()
        tellHead()
        if !isStopped, onBytes(bytes) == .stop { isStopped = true }
        return !isStopped
    }

    private func tellHead() {
        guard !isHeadTold, let head = reader.head else { return }
        isHeadTold = true
        if onHead(head) == .stop { isStopped = true }
    }
}

/// libcurl's header callback: one line a call. A count other than the one offered aborts the transfer.
private func receiveHeaderLine(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let context else { return 0 }
    let connection = Unmanaged<FeedConnection>.fromOpaque(context).takeUnretainedValue()
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return connection.receiveHead(line) ? line.count : 0
}

/// libcurl's write callback. A count other than the one offered aborts the transfer.
private func receiveBodyBytes(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let context else { return 0 }
    let connection = Unmanaged<FeedConnection>.fromOpaque(context).takeUnretainedValue()
    let body = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return connection.receiveBody(body) ? body.count : 0
}
