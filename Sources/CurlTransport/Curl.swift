import CCurl

/// Calls of libcurl that need no easy handle.
enum Curl {
    /// libcurl's process-wide set-up: once, before any handle, on the first caller's thread. False when it failed.
    static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// The next transfer of a multi handle that has ended, and its result; nil when there is none.
    static func nextEnded(
        _ multi: UnsafeMutableRawPointer
    ) -> (handle: UnsafeMutableRawPointer, result: CURLcode)? {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            // Read here: the message does not outlive the removal of its handle.
            return (handle, ccurl_message_result(message))
        }
        return nil
    }
}
