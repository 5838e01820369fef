package import HTTPServer

/// The body of a feed, which can say why it ends.
package protocol FeedBody: StreamingBody {
    /// The subscriber may read no longer: the next `produce` tells it why, and nothing else, and ends.
    func withdraw(_ reason: ByeReason)
}
