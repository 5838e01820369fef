import Basics
import CCurl

/// A request in flight and the response that it is receiving, which is collected whole. Belongs to the transport's
/// thread; reused after `clear`.
final class CollectedTransfer: EasyHandle {
    /// The most that libcurl reads at once. A page of a megabyte takes a few reads; an idle handle has no buffer.
    private static let receiveBufferBytes = 128 << 10

    private(set) var request: InFlightRequest?
    private var body: [UInt8] = []
    private var limit = 0
    private var isTooLarge = false

    /// Prepares the handle for a request; the caller adds it to the multi handle.
    func prepare(_ request: InFlightRequest, _ settings: TransportSettings) {
        self.request = request
        limit = settings.responseBytes
        isTooLarge = false
        begin(request.request, over: settings.connection)
        set(CURLOPT_LOW_SPEED_LIMIT, settings.lowSpeedBytesPerSecond)
        set(CURLOPT_LOW_SPEED_TIME, max(1, Int(settings.lowSpeedTime.wholeSeconds)))
        set(CURLOPT_BUFFERSIZE, Self.receiveBufferBytes)
        ccurl_set_offset(handle, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(limit))
        set(CURLOPT_TIMEOUT_MS, max(1, Int(request.timeout.millisecondsToWait)))
    }

    /// The outcome, with the fields named.
    func outcome(_ result: CURLcode, keeping fields: [String]) -> InFlightRequest.Outcome {
        if isTooLarge || result == CURLE_FILESIZE_EXCEEDED {
            return .failure(TransportFailure(.responseTooLarge(limit: limit)))
        }
        guard result == CURLE_OK else { return .failure(failure(result)) }
        return .success(TransferResponse(head: head(keeping: fields), body: body))
    }

    /// Lets go of everything that belongs to the request.
    func clear() {
        request = nil
        body = []
        end()
    }

    /// Appends what arrived; false when it is more than is allowed.
    override func receive(body bytes: UnsafeRawBufferPointer) -> Bool {
        if body.isEmpty {
            let announced = announcedBytes
            if announced > 0 { body.reserveCapacity(min(announced, limit)) }
        }
        guard body.count + bytes.count <= limit else {
            isTooLarge = true
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }
}
