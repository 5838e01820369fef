import Basics
import CCurl

/// One easy handle, with the memory that libcurl uses beside it: the request's fields and the text of an error.
///
/// Belongs to one thread at a time. Subclasses take the bytes that arrive. After one request has ended, the handle may
/// serve the next.
class EasyHandle {
    private static let userAgent = "tablecast"

    let handle: UnsafeMutableRawPointer
    private var fields: UnsafeMutablePointer<curl_slist>?
    /// libcurl writes the text of an error here, so it must outlive the handle.
    let errorText: UnsafeMutablePointer<CChar>

    /// Nil when libcurl has no memory for a handle.
    init?() {
        guard Curl.isReady, let handle = curl_easy_init() else { return nil }
        self.handle = handle
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(fields)
        errorText.deallocate()
    }

    /// Takes one line of a head, its line end included. False aborts the transfer.
    func receive(line: UnsafeRawBufferPointer) -> Bool { true }

    /// Takes a piece of the body. False aborts the transfer.
    func receive(body: UnsafeRawBufferPointer) -> Bool { true }

    /// Prepares the handle for a request; the caller adds it to a multi handle.
    func begin(_ request: TransferRequest, over connection: ConnectionSettings) {
        errorText.pointee = 0
        curl_easy_reset(handle)
        set(connection)
        set(request)
        ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        ccurl_set_write_function(handle) { deliver($0, $1 * $2, $3) { $0.receive(body: $1) } }
        ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    }

    /// Asks for the lines of heads too, after `begin`. With a context alone libcurl would write them as if of the body.
    func takeLines() {
        ccurl_set_header_function(handle) { deliver($0, $1 * $2, $3) { $0.receive(line: $1) } }
        ccurl_set_pointer(handle, CURLOPT_HEADERDATA, context)
    }

    /// Unretained: whoever adds the handle to a multi handle holds this object until it has removed the handle.
    private var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    /// Frees the fields of a request whose transfer is over. libcurl reads them only during a transfer, and `begin`
    /// gives it others.
    func end() {
        curl_slist_free_all(fields)
        fields = nil
    }

    /// Sets an option that is a number.
    func set(_ option: CURLoption, _ value: Int) { ccurl_set_long(handle, option, value) }

    /// Sets an option that is a text, which libcurl copies.
    func set(_ option: CURLoption, _ value: String) { ccurl_set_string(handle, option, value) }

    private func set(_ connection: ConnectionSettings) {
        // Signals and threads do not mix: SIGPIPE is the business of the thread that runs the transfer.
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(connection.connectTimeout.millisecondsToWait)))
        if let certificates = connection.certificates { set(CURLOPT_CAINFO, certificates) }
        if connection.isHTTP11Only { set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)) }
        if connection.isTLS12Required { set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)) }
        if connection.isCompressed { set(CURLOPT_ACCEPT_ENCODING, "gzip") }
    }

    private func set(_ request: TransferRequest) {
        set(CURLOPT_URL, request.url)
        set(CURLOPT_USERAGENT, Self.userAgent)
        for field in request.fields {
            // Nil means out of memory, and then the list so far is still ours.
            if let longer = curl_slist_append(fields, "\(field.name): \(field.value)") { fields = longer }
        }
        ccurl_set_pointer(handle, CURLOPT_HTTPHEADER, fields)
        if let body = request.body {
            set(CURLOPT_POST, 1)
            ccurl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            // Copied by libcurl after the size is known; a request is small.
            body.withUnsafeBytes { bytes in
                let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                _ = ccurl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, start)
            }
        }
        if let method = request.method { set(CURLOPT_CUSTOMREQUEST, method) }
        if request.isDirect { set(CURLOPT_NOPROXY, "*") }
    }
}

/// The work of libcurl's write and header callbacks. A count other than the one offered aborts the transfer with
/// CURLE_WRITE_ERROR.
private func deliver(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?,
    _ receive: (EasyHandle, UnsafeRawBufferPointer) -> Bool
) -> Int {
    guard let bytes, let context else { return 0 }
    let receiver = Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
    return receive(receiver, UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
}
