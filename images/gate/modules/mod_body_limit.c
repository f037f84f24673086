/* Makes LimitRequestBody count for what is proxied. Apache itself (up to 2.4.71 at least: ap_http_filter, `if
 * (!f->r->proxyreq)`) applies it to requests that it answers itself only; behind a reverse proxy it is silently off.
 * A body whose length is announced is refused before anything is sent to the service, another one as soon as it has
 * grown too long: 413, and the connection ends. The access log's BODY_LIMIT says `announced` or `exceeded`. No directives
 * of its own. What goes through a WebSocket is no body. */
#include "httpd.h" /* first: the others need it */
#include "http_config.h"
#include "http_core.h"
#include "http_protocol.h"
#include "http_request.h"
#include "util_filter.h"

static ap_filter_rec_t *filter;

typedef struct {
    apr_off_t limit;
    apr_off_t used;
} body_count;

/* The limit of a request that is proxied; 0 for none. */
static apr_off_t limit_of(const request_rec *r)
{
    apr_off_t limit = ap_get_limit_req_body(r);
    return r->proxyreq == PROXYREQ_REVERSE && limit > 0 ? limit : 0;
}

static int refuse_announced(request_rec *r)
{
    const char *announced = apr_table_get(r->headers_in, "Content-Length");
    apr_off_t limit = limit_of(r), length;

    if (limit == 0 || announced == NULL) {
        return DECLINED;
    }
    if (!ap_parse_strict_length(&length, announced)) {
        return HTTP_BAD_REQUEST;
    }
    if (length <= limit) {
        return DECLINED;
    }
    apr_table_setn(r->subprocess_env, "BODY_LIMIT", "announced");
    return HTTP_REQUEST_ENTITY_TOO_LARGE;
}

/* What mod_proxy answers with 413 (ap_map_http_request_error), each time it asks. */
static apr_status_t count_body(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode, apr_read_type_e block,
                               apr_off_t readbytes)
{
    body_count *count = f->ctx;
    apr_off_t length = 0;
    apr_status_t rv;

    if (count->used > count->limit) {
        return APR_ENOSPC;
    }
    rv = ap_get_brigade(f->next, bb, mode, block, readbytes);
    if (rv != APR_SUCCESS || mode == AP_MODE_SPECULATIVE) {
        return rv;
    }
    rv = apr_brigade_length(bb, 1, &length);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    count->used += length;
    if (count->used > count->limit) {
        apr_brigade_cleanup(bb);
        apr_table_setn(f->r->subprocess_env, "BODY_LIMIT", "exceeded");
        return APR_ENOSPC;
    }
    return APR_SUCCESS;
}

static void add_filter(request_rec *r)
{
    apr_off_t limit = limit_of(r);

    if (limit > 0) {
        body_count *count = apr_pcalloc(r->pool, sizeof(*count));
        count->limit = limit;
        ap_add_input_filter_handle(filter, count, r, r->connection);
    }
}

static void register_hooks(apr_pool_t *pool)
{
    (void)pool;
    filter = ap_register_input_filter("BODY_LIMIT", count_body, NULL, AP_FTYPE_RESOURCE);
    /* Last: the access log has by then what SetEnv says about the route. */
    ap_hook_fixups(refuse_announced, NULL, NULL, APR_HOOK_LAST);
    ap_hook_insert_filter(add_filter, NULL, NULL, APR_HOOK_LAST);
}

AP_DECLARE_MODULE(body_limit) = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, 0};
