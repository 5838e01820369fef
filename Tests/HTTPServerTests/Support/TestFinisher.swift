@testable import HTTPServer

/// A finisher that does what a test says.
struct TestFinisher: ResponseFinisher {
    private let change: @Sendable (inout HTTPResponse, HTTPRequest?) -> Void

    init(_ change: @escaping @Sendable (inout HTTPResponse, HTTPRequest?) -> Void) { self.change = change }

    func finish(_ response: inout HTTPResponse, for request: HTTPRequest?) { change(&response, request) }
}
