/// One step that completes a response before it is sent, such as its coding or the fields that all responses have.
///
/// The router applies its finishers in their order, each once to every response. A response that is pending is finished when it
/// comes; one that a finisher makes pending gets the rest of them then. Called on event loops; must not block.
package protocol ResponseFinisher: Sendable {
    /// Completes a response whose body is not pending. `request` is nil for bytes that never became one.
    func finish(_ response: inout HTTPResponse, for request: HTTPRequest?)
}

/// All finishers of a router.
struct ResponseFinishers: Sendable {
    let list: [any ResponseFinisher]

    /// Applies the finishers from `first` on.
    func finish(_ response: inout HTTPResponse, for request: HTTPRequest?, from first: Int = 0) {
        var index = first
        while true {
            if case .pending(let pending) = response.body {
                let (route, principal) = (response.route, response.principal)
                response.body = .pending(
                    pending.map { response in
                        response.route = route
                        response.principal = principal
                        finish(&response, for: request, from: index)
                    }
                )
                return
            }
            guard index < list.count else { return }
            list[index].finish(&response, for: request)
            index += 1
        }
    }
}
