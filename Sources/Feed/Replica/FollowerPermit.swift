import Basics

/// A place among the subscribers, and among the followers (`FeedHub.admitFollower`).
package struct FollowerPermit: Sendable {
    let subscriber: Permit
    let follower: Permit

    /// Gives both back.
    func release() {
        subscriber.release()
        follower.release()
    }
}
