import CCurl

/// The transport's thread: the only place that touches the multi handle and its easy handles.
final class CurlLoop {
    private let inbox: Inbox
    private let multi: UnsafeMutableRawPointer
    private let settings: TransportSettings
    /// Transfers on the wire, by easy handle.
    private var active: [UnsafeMutableRawPointer: CollectedTransfer] = [:]
    private var idle: [CollectedTransfer] = []
    private var lanes: RequestLanes

    init(inbox: Inbox, multi: UnsafeMutableRawPointer, settings: TransportSettings) {
        self.inbox = inbox
        self.multi = multi
        self.settings = settings
        lanes = RequestLanes(settings)
        let connections = settings.concurrentRequests
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, connections)
        ccurl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections)
    }

    /// Runs until the inbox is closed, then fails what is pending and frees everything.
    func run() {
        while true {
            let (commands, isClosed) = inbox.drain()
            for command in commands { execute(command) }
            if isClosed { break }
            // Room that the last round's responses have made.
            startWaiting()
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            if collect() { continue }
            // libcurl shortens this to its own next deadline; a wake-up ends it.
            curl_multi_poll(multi, nil, 0, 60_000, nil)
        }
        close()
    }

    private func execute(_ command: Inbox.Command) {
        switch command {
        case .start(let request) where request.isCancelled:
            request.resume(.failure(TransportFailure(.cancelled)))
        case .start(let request) where lanes.waitingCount >= settings.waitingRequests:
            request.resume(.failure(TransportFailure(.queueFull(limit: settings.waitingRequests))))
        case .start(let request):
            lanes.append(request)
            // At once, so that only what finds no room counts as waiting.
            startWaiting()
        case .cancel(let identifier):
            cancel(identifier)
        }
    }

    private func cancel(_ identifier: UInt64) {
        let failure = TransportFailure(.cancelled)
        if let transfer = active.values.first(where: { $0.request?.identifier == identifier }) {
            end(transfer, .failure(failure))
        } else {
            lanes.remove(identifier)?.resume(.failure(failure))
        }
    }

    private func startWaiting() {
        while let request = lanes.popFirst() {
            guard let failure = start(request) else { continue }
            lanes.ended(request)
            request.resume(.failure(failure))
        }
    }

    /// Puts a request on the wire, or says why it is not there.
    private func start(_ request: InFlightRequest) -> TransportFailure? {
        if request.isCancelled { return TransportFailure(.cancelled) }
        guard let transfer = idle.popLast() ?? CollectedTransfer() else { return .outOfMemory }
        transfer.prepare(request, settings)
        guard curl_multi_add_handle(multi, transfer.handle) == CURLM_OK else {
            transfer.clear()
            return .outOfMemory
        }
        active[transfer.handle] = transfer
        return nil
    }

    /// Ends the transfers that are done; true when there were any.
    private func collect() -> Bool {
        var isAny = false
        while let (handle, result) = Curl.nextEnded(multi) {
            guard let transfer = active[handle] else { continue }
            isAny = true
            end(transfer, .success(result))
        }
        return isAny
    }

    /// Takes a transfer off the wire, and resumes its caller with libcurl's result or a failure of ours.
    private func end(_ transfer: CollectedTransfer, _ result: Result<CURLcode, TransportFailure>) {
        curl_multi_remove_handle(multi, transfer.handle)
        active[transfer.handle] = nil
        let request = transfer.request
        let outcome = result.flatMap { transfer.outcome($0, keeping: settings.responseFields) }
        transfer.clear()
        if idle.count < settings.idleHandles { idle.append(transfer) }
        guard let request else { return }
        lanes.ended(request)
        request.resume(outcome)
    }

    private func close() {
        let failure = TransportFailure(.closed)
        for transfer in active.values { end(transfer, .failure(failure)) }
        idle = []
        for request in lanes.removeAll() { request.resume(.failure(failure)) }
        inbox.detach()
        curl_multi_cleanup(multi)
    }
}
