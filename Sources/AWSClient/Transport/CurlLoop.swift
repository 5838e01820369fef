import CCurl

/// The transport's thread: the only place that touches the multi handle and its easy handles.
final class CurlLoop {
    private let inbox: Inbox
    private let multi: UnsafeMutableRawPointer
    private let options: TransportOptions
    /// Transfers on the wire, by easy handle.
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]
    private var handles: [UInt64: UnsafeMutableRawPointer] = [:]
    private var idle: [Transfer] = []
    private var lanes: RequestLanes

    init(inbox: Inbox, multi: UnsafeMutableRawPointer, options: TransportOptions) {
        self.inbox = inbox
        self.multi = multi
        self.options = options
        lanes = RequestLanes(options.limits)
        let connections = options.limits.concurrentRequests
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, connections)
        ccurl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections)
    }

    /// Runs until the inbox is closed, then fails what is pending and frees everything.
    func run() {
        while true {
            let (commands, isClosed) = inbox.drain()
            for command in commands { execute(command) }
            if isClosed { break }
            // Room that the last round's answers have made.
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
        case .start(let ticket) where ticket.isCancelled:
            ticket.resume(.failure(TransportFailure(.cancelled)))
        case .start(let ticket) where lanes.waitingCount >= options.limits.waitingRequests:
            ticket.resume(.failure(TransportFailure(.queueFull(limit: options.limits.waitingRequests))))
        case .start(let ticket):
            lanes.append(ticket)
            // At once, so that only what finds no room counts as waiting.
            startWaiting()
        case .cancel(let identifier):
            cancel(identifier)
        }
    }

    private func cancel(_ identifier: UInt64) {
        if let handle = handles[identifier], let transfer = active[handle] {
            let ticket = transfer.ticket
            curl_multi_remove_handle(multi, handle)
            transfer.clear()
            recycle(transfer, identifier: identifier)
            if let ticket { lanes.ended(ticket) }
            ticket?.resume(.failure(TransportFailure(.cancelled)))
        } else if let ticket = lanes.remove(identifier) {
            ticket.resume(.failure(TransportFailure(.cancelled)))
        }
    }

    private func startWaiting() {
        while let ticket = lanes.popFirst() {
            if ticket.isCancelled {
                lanes.ended(ticket)
                ticket.resume(.failure(TransportFailure(.cancelled)))
                continue
            }
            guard let transfer = idle.popLast() ?? Transfer() else {
                lanes.ended(ticket)
                ticket.resume(.failure(.outOfMemory))
                continue
            }
            transfer.prepare(ticket, options: options)
            guard curl_multi_add_handle(multi, transfer.handle) == CURLM_OK else {
                transfer.clear()
                lanes.ended(ticket)
                ticket.resume(.failure(.outOfMemory))
                continue
            }
            active[transfer.handle] = transfer
            handles[ticket.identifier] = transfer.handle
        }
    }

    /// Ends the transfers that are done; true when there were any.
    private func collect() -> Bool {
        var left: Int32 = 0
        var isAny = false
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            // Read before the handle is removed: the message does not outlive that.
            let result = ccurl_message_result(message)
            guard let transfer = active[handle], let ticket = transfer.ticket else { continue }
            isAny = true
            curl_multi_remove_handle(multi, handle)
            let outcome = transfer.finish(result)
            recycle(transfer, identifier: ticket.identifier)
            lanes.ended(ticket)
            ticket.resume(outcome)
        }
        return isAny
    }

    private func recycle(_ transfer: Transfer, identifier: UInt64) {
        active[transfer.handle] = nil
        handles[identifier] = nil
        if idle.count < options.limits.idleHandles { idle.append(transfer) }
    }

    private func close() {
        for transfer in active.values {
            let ticket = transfer.ticket
            curl_multi_remove_handle(multi, transfer.handle)
            transfer.clear()
            ticket?.resume(.failure(TransportFailure(.closed)))
        }
        active = [:]
        handles = [:]
        idle = []
        for ticket in lanes.removeAll() { ticket.resume(.failure(TransportFailure(.closed))) }
        inbox.detach()
        curl_multi_cleanup(multi)
    }
}

extension TransportFailure {
    fileprivate static var outOfMemory: TransportFailure {
        TransportFailure(.curl(code: CURLE_OUT_OF_MEMORY.rawValue, systemError: 0), detail: "out of memory")
    }
}
