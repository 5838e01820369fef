import Basics
import CCurl

/// One easy handle and the response that it is receiving. Belongs to the transport's thread; reused after `finish`.
final class Transfer {
    let handle: UnsafeMutableRawPointer
    private(set) var ticket: Ticket?
    private var body: [UInt8] = []
    private var limit = 0
    private var isTooLarge = false
    private var headers: UnsafeMutablePointer<curl_slist>?
    /// Where libcurl writes its words on a failure; it must outlive the handle's use of it.
    private let errorText: UnsafeMutablePointer<CChar>

    /// Nil when libcurl has no memory for a handle.
    init?() {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
        errorText.deallocate()
    }

    /// Prepares the handle for a ticket; the caller adds it to the multi handle.
    func prepare(_ ticket: Ticket, options: TransportOptions) {
        self.ticket = ticket
        body = []
        limit = options.limits.answerBytes
        isTooLarge = false
        errorText.pointee = 0
        curl_easy_reset(handle)
        setConnection(options)
        setRequest(ticket.request)
        let timeout = min(ticket.request.timeout, options.limits.totalTimeout)
        ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, max(1, Int(timeout.millisecondsToWait)))
        ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        ccurl_set_write_function(handle, receiveBody)
        // Unretained: the loop holds the transfer for as long as the handle is in the multi handle.
        ccurl_set_pointer(handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Takes the outcome, and lets go of everything that belonged to the ticket.
    func finish(_ result: CURLcode) -> Ticket.Outcome {
        defer { clear() }
        if isTooLarge || result == CURLE_FILESIZE_EXCEEDED {
            return .failure(TransportFailure(.answerTooLarge(limit: limit)))
        }
        guard result == CURLE_OK else {
            var systemError = 0
            ccurl_get_long(handle, CURLINFO_OS_ERRNO, &systemError)
            return .failure(
                TransportFailure(.curl(code: result.rawValue, systemError: systemError), detail: words(result))
            )
        }
        var status = 0
        ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return .success(
            HTTPAnswer(
                status: status,
                body: body,
                checksum: header("x-amz-crc32").flatMap { UInt32($0) },
                errorType: header("x-amzn-errortype"),
                requestID: header("x-amzn-requestid"),
                date: header("date").flatMap { IMFFixdate.seconds($0, .lenient) }
            )
        )
    }

    /// Lets go of a ticket that will not be finished.
    func clear() {
        ticket = nil
        body = []
        curl_slist_free_all(headers)
        headers = nil
    }

    private func setConnection(_ options: TransportOptions) {
        let limits = options.limits
        // Signals and threads do not mix; the thread has SIGPIPE blocked.
        ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        ccurl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        // The endpoints of DynamoDB speak HTTP/1.1 only, and one connection a request keeps slow responses apart.
        ccurl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        ccurl_set_long(handle, CURLOPT_SSL_VERIFYPEER, 1)
        ccurl_set_long(handle, CURLOPT_SSL_VERIFYHOST, 2)
        ccurl_set_long(handle, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let bundle = options.certificateBundle { ccurl_set_string(handle, CURLOPT_CAINFO, bundle) }
        ccurl_set_long(handle, CURLOPT_TCP_NODELAY, 1)
        ccurl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1)
        ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(limits.connectTimeout.millisecondsToWait)))
        ccurl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, limits.lowSpeedBytesPerSecond)
        ccurl_set_long(handle, CURLOPT_LOW_SPEED_TIME, max(1, Int(limits.lowSpeedTime.wholeSeconds)))
        ccurl_set_long(handle, CURLOPT_BUFFERSIZE, TransportOptions.receiveBufferBytes)
        ccurl_set_offset(handle, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(limits.answerBytes))
    }

    private func setRequest(_ request: HTTPRequest) {
        ccurl_set_string(handle, CURLOPT_URL, request.url)
        ccurl_set_string(handle, CURLOPT_USERAGENT, TransportOptions.userAgent)
        ccurl_set_long(handle, CURLOPT_POST, 1)
        ccurl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
        // Copied by libcurl after the size is known; a request is small.
        request.body.withUnsafeBytes { bytes in
            let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
            _ = ccurl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, start)
        }
        // No Accept-Encoding: x-amz-crc32 is the checksum of the bytes as sent, and libcurl would hand over others.
        add("Content-Type: application/x-amz-json-1.0")
        add("X-Amz-Target: \(request.target)")
        if let token = request.credentials.sessionToken { add("X-Amz-Security-Token: \(token)") }
        ccurl_set_pointer(handle, CURLOPT_HTTPHEADER, headers)
        ccurl_set_string(handle, CURLOPT_AWS_SIGV4, "aws:amz:\(request.region):dynamodb")
        ccurl_set_string(handle, CURLOPT_USERNAME, request.credentials.accessKeyID)
        ccurl_set_string(handle, CURLOPT_PASSWORD, request.credentials.secretAccessKey)
    }

    private func add(_ header: String) {
        // Nil means out of memory, and then the list so far is still ours.
        if let longer = curl_slist_append(headers, header) { headers = longer }
    }

    /// Appends what arrived; false when it is more than is allowed.
    fileprivate func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if body.isEmpty {
            var announced: curl_off_t = -1
            ccurl_get_offset(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced)
            if announced > 0 { body.reserveCapacity(min(Int(announced), limit)) }
        }
        guard body.count + bytes.count <= limit else {
            isTooLarge = true
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    private func words(_ result: CURLcode) -> String {
        let own = String(cString: errorText)
        return own.isEmpty ? String(cString: curl_easy_strerror(result)) : own
    }

    private func header(_ name: String) -> String? {
        var found: UnsafeMutablePointer<curl_header>?
        guard curl_easy_header(handle, name, 0, UInt32(CURLH_HEADER), -1, &found) == CURLHE_OK,
            let value = found?.pointee.value
        else { return nil }
        return String(cString: value)
    }
}

/// libcurl's write callback. A count other than the one offered aborts the transfer with CURLE_WRITE_ERROR.
private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    let offered = size * count
    return transfer.receive(UnsafeRawBufferPointer(start: bytes, count: offered)) ? offered : 0
}
