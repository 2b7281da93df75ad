#include "solvers/dense.h"

#include "mpi/memory.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* LAPACK has no C header of its own. */
void dsyevr_(const char *jobz, const char *range, const char *uplo, const int *n, double *a,
             const int *lda, const double *vl, const double *vu, const int *il, const int *iu,
             const double *abstol, int *m, double *w, double *z, const int *ldz, int *isuppz,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info);
void dstevr_(const char *jobz, const char *range, const int *n, double *d, double *e,
             const double *vl, const double *vu, const int *il, const int *iu, const double *abstol,
             int *m, double *w, double *z, const int *ldz, int *isuppz, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info);
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s,
             double *u, const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork,
             int *iwork, int *info);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda,
             double *b, const int *ldb, int *info);
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work,
             const int *lwork, int *info);
void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau,
             double *work, const int *lwork, int *info);
void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *ipiv, int *info);
void dgetri_(const int *n, double *a, const int *lda, const int *ipiv, double *work,
             const int *lwork, int *info);

/* LAPACK counts in 32 bits. Larger matrices are refused where they are made; none gets here. */
static int narrow(int64_t count) {
    if (count < 0 || count > INT32_MAX)
        abort();
    return (int)count;
}

/* A leading dimension is at least 1. */
static int leading(int64_t rows) {
    return narrow(rows > 0 ? rows : 1);
}

void dsep_dense_product(int64_t m, int64_t n, int64_t k, double alpha, const double *a,
                        int transpose_a, const double *b, int transpose_b, double beta, double *c) {
    cblas_dgemm(CblasColMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, narrow(m), narrow(n), narrow(k), alpha, a,
                leading(transpose_a ? k : m), b, leading(transpose_b ? n : k), beta, c, leading(m));
}

void dsep_dense_mirror(int64_t n, double *a) {
    enum { TILE = 32 };
    for (int64_t top = 0; top < n; top += TILE)
        for (int64_t left = 0; left <= top; left += TILE)
            for (int64_t j = left; j < left + TILE && j < n; j++)
                for (int64_t i = top > j ? top : j + 1; i < top + TILE && i < n; i++)
                    a[i * n + j] = a[j * n + i];
}

void dsep_dense_gram_lower(int64_t m, int64_t n, double alpha, const double *a, double beta,
                           double *c) {
    cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, narrow(n), narrow(m), alpha, a, leading(m),
                beta, c, leading(n));
}

void dsep_dense_outer_lower(int64_t m, int64_t n, double alpha, const double *a, double beta,
                            double *c) {
    cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, narrow(m), narrow(n), alpha, a, leading(m),
                beta, c, leading(m));
}

void dsep_dense_gram(int64_t m, int64_t n, double alpha, const double *a, double beta, double *c) {
    dsep_dense_gram_lower(m, n, alpha, a, beta, c);
    dsep_dense_mirror(n, c);
}

double dsep_dense_sign(int64_t n, const double *x) {
    int64_t largest = 0;
    for (int64_t i = 1; i < n; i++)
        if (fabs(x[i]) > fabs(x[largest]))
            largest = i;
    return n > 0 && x[largest] < 0 ? -1 : 1;
}

/* LAPACK may loop or spoil memory on what is no number. */
static int is_finite(const double *a, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += a[i] * 0;
    return sum == 0;
}

static int not_finite(dsep_error *error) {
    return dsep_error_set(error, DSEP_ERROR_INTERNAL,
                          "a matrix has entries that are infinite or no numbers");
}

static int not_converged(dsep_error *error, const char *what, int info) {
    return dsep_error_set(error, DSEP_ERROR_INTERNAL, "%s did not converge (LAPACK's info is %d)",
                          what, info);
}

/* --- symmetric eigenproblem ------------------------------------------------------------------ */

/* The wanted values in `w`, ascending, and their vectors in z, likewise. */
static int syevr(int n, double *a, int wanted, double *w, double *z, int *support,
                 dsep_error *error) {
    const int first = n - wanted + 1, lda = leading(n);
    const char *job = z ? "V" : "N";
    const double zero = 0;
    double lwork_asked = 0;
    int found = 0, info = 0, ask = -1, liwork = 0;
    dsyevr_(job, "I", "L", &n, a, &lda, &zero, &zero, &first, &n, &zero, &found, w, z, &lda,
            support, &lwork_asked, &ask, &liwork, &ask, &info);
    const int lwork = (int)lwork_asked;
    double *work = dsep_array(lwork, sizeof *work);
    int *iwork = dsep_array(liwork, sizeof *iwork), code = DSEP_OK;
    if (!work || !iwork)
        code = dsep_out_of_memory(error, "an eigenproblem");
    else
        dsyevr_(job, "I", "L", &n, a, &lda, &zero, &zero, &first, &n, &zero, &found, w, z, &lda,
                support, work, &lwork, iwork, &liwork, &info);
    if (!code && (info || found != wanted))
        code = not_converged(error, "an eigenproblem", info);
    free(work);
    free(iwork);
    return code;
}

/* Descending, and with the signs of the house. */
static void turn_vectors(int64_t n, int64_t wanted, const double *ascending, double *vectors) {
    for (int64_t k = 0; k < wanted; k++) {
        const double *from = ascending + (wanted - 1 - k) * n, sign = dsep_dense_sign(n, from);
        for (int64_t i = 0; i < n; i++)
            vectors[k * n + i] = sign * from[i];
    }
}

int dsep_dense_eigen(int64_t n, double *a, int64_t wanted, double *values, double *vectors,
                     dsep_error *error) {
    if (n == 0 || wanted == 0)
        return DSEP_OK;
    if (!is_finite(a, n * n))
        return not_finite(error);
    int code = DSEP_OK;
    double *w = dsep_array(n, sizeof *w), *z = vectors ? dsep_array(n * wanted, sizeof *z) : NULL;
    int *support = dsep_array(2 * n, sizeof *support);
    if (!w || !support || (vectors && !z))
        code = dsep_out_of_memory(error, "an eigenproblem");
    else
        code = syevr(narrow(n), a, narrow(wanted), w, z, support, error);
    for (int64_t k = 0; !code && k < wanted; k++)
        values[k] = w[wanted - 1 - k];
    if (!code && vectors)
        turn_vectors(n, wanted, z, vectors);
    free(w);
    free(z);
    free(support);
    return code;
}

int dsep_dense_tridiagonal(int64_t n, double *diagonal, double *beside, int64_t wanted,
                           double *values, double *vectors, dsep_error *error) {
    if (n == 0 || wanted == 0)
        return DSEP_OK;
    const int order = narrow(n), first = narrow(n - wanted + 1), lwork = 20 * order;
    const int liwork = 10 * order;
    const double zero = 0;
    double *w = dsep_array(n, sizeof *w), *work = dsep_array(lwork, sizeof *work);
    double *z = vectors ? dsep_array(n * wanted, sizeof *z) : NULL;
    int *iwork = dsep_array(liwork + 2 * n, sizeof *iwork), found = 0, info = 0, code = DSEP_OK;
    if (!w || !work || !iwork || (vectors && !z))
        code = dsep_out_of_memory(error, "an eigenproblem");
    else
        dstevr_(z ? "V" : "N", "I", &order, diagonal, beside, &zero, &zero, &first, &order, &zero,
                &found, w, z, &order, iwork + liwork, work, &lwork, iwork, &liwork, &info);
    if (!code && (info || found != wanted))
        code = not_converged(error, "an eigenproblem", info);
    for (int64_t k = 0; !code && k < wanted; k++)
        values[k] = w[wanted - 1 - k];
    if (!code && vectors)
        turn_vectors(n, wanted, z, vectors);
    free(w);
    free(work);
    free(z);
    free(iwork);
    return code;
}

/* --- singular values ------------------------------------------------------------------------- */

static int gesdd(int m, int n, double *a, double *values, double *u, double *vt,
                 dsep_error *error) {
    const char *job = u ? "S" : "N";
    const int least = m < n ? m : n, lda = leading(m), ldvt = leading(least);
    double lwork_asked = 0;
    int info = 0, ask = -1;
    int *iwork = dsep_array(8 * (int64_t)least, sizeof *iwork);
    dgesdd_(job, &m, &n, a, &lda, values, u, &lda, vt, &ldvt, &lwork_asked, &ask, iwork, &info);
    if (lwork_asked > INT32_MAX) {
        free(iwork);
        return dsep_error_set(error, DSEP_ERROR_RESOURCES,
                              "a %d x %d matrix is too large for LAPACK's singular values", m, n);
    }
    const int lwork = (int)lwork_asked;
    double *work = dsep_array(lwork, sizeof *work);
    int code = DSEP_OK;
    if (!work || !iwork)
        code = dsep_out_of_memory(error, "a singular value decomposition");
    else
        dgesdd_(job, &m, &n, a, &lda, values, u, &lda, vt, &ldvt, work, &lwork, iwork, &info);
    if (!code && info)
        code = not_converged(error, "a singular value decomposition", info);
    free(work);
    free(iwork);
    return code;
}

int dsep_dense_svd(int64_t m, int64_t n, double *a, double *values, double *u, double *vt,
                   dsep_error *error) {
    const int64_t least = m < n ? m : n;
    if (least == 0)
        return DSEP_OK;
    if (!is_finite(a, m * n))
        return not_finite(error);
    const int code = gesdd(narrow(m), narrow(n), a, values, u, vt, error);
    for (int64_t k = 0; !code && u && k < least; k++)
        if (dsep_dense_sign(m, u + k * m) < 0) {
            cblas_dscal(narrow(m), -1, u + k * m, 1);
            cblas_dscal(narrow(n), -1, vt + k, narrow(least));
        }
    return code;
}

int dsep_dense_pinv(int64_t m, int64_t n, const double *a, double tolerance, double *pinv,
                    int64_t *rank, dsep_error *error) {
    const int64_t least = m < n ? m : n;
    double *copy = dsep_array(m * n, sizeof *copy), *values = dsep_array(least, sizeof *values);
    double *u = dsep_array(m * least, sizeof *u), *vt = dsep_array(least * n, sizeof *vt);
    int code = DSEP_OK;
    int64_t kept = 0;
    if (!copy || !values || !u || !vt)
        code = dsep_out_of_memory(error, "a pseudo-inverse");
    if (!code) {
        memcpy(copy, a, (size_t)(m * n) * sizeof *a);
        code = dsep_dense_svd(m, n, copy, values, u, vt, error);
    }
    if (!code) {
        while (kept < least && values[kept] > tolerance * values[0])
            kept++;
        for (int64_t k = 0; k < kept; k++)
            cblas_dscal(narrow(m), 1 / values[k], u + k * m, 1);
        cblas_dgemm(CblasColMajor, CblasTrans, CblasTrans, narrow(n), narrow(m), narrow(kept), 1,
                    vt, leading(least), u, leading(m), 0, pinv, leading(n));
        if (rank)
            *rank = kept;
    }
    free(copy);
    free(values);
    free(u);
    free(vt);
    return code;
}

/* --- factorisations -------------------------------------------------------------------------- */

int64_t dsep_dense_cholesky(int64_t n, double *a) {
    const int order = narrow(n), lda = leading(n);
    int info = 0;
    dpotrf_("L", &order, a, &lda, &info);
    for (int64_t j = 1; j < n; j++)
        memset(a + j * n, 0, (size_t)j * sizeof *a);
    return info;
}

void dsep_dense_cholesky_solve(int64_t n, const double *l, int64_t columns, double *b) {
    const int order = narrow(n), count = narrow(columns), lda = leading(n);
    int info = 0;
    dpotrs_("L", &order, &count, l, &lda, b, &lda, &info);
}

void dsep_dense_cholesky_inverse(int64_t n, double *l) {
    const int order = narrow(n), lda = leading(n);
    int info = 0;
    dpotri_("L", &order, l, &lda, &info);
    dsep_dense_mirror(n, l);
}

/* R from above the diagonal of what dgeqrf leaves. */
static void take_r(int64_t m, int64_t n, const double *q, double *r) {
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++)
            r[j * n + i] = i <= j ? q[j * m + i] : 0;
}

int dsep_dense_qr(int64_t m, int64_t n, const double *a, double *q, double *r, dsep_error *error) {
    const int rows = narrow(m), columns = narrow(n), lda = leading(m), ask = -1;
    double asked[2] = {0};
    int info = 0;
    double *tau = dsep_array(n, sizeof *tau), *sign = dsep_array(n, sizeof *sign);
    dgeqrf_(&rows, &columns, q, &lda, tau, &asked[0], &ask, &info);
    dorgqr_(&rows, &columns, &columns, q, &lda, tau, &asked[1], &ask, &info);
    const int lwork = (int)fmax(1, fmax(asked[0], asked[1]));
    double *work = dsep_array(lwork, sizeof *work);
    if (tau && sign && work) {
        if (q != a)
            memcpy(q, a, (size_t)(m * n) * sizeof *a);
        dgeqrf_(&rows, &columns, q, &lda, tau, work, &lwork, &info);
        for (int64_t j = 0; j < n; j++)
            sign[j] = q[j * m + j] < 0 ? -1 : 1;
        if (r)
            take_r(m, n, q, r);
        dorgqr_(&rows, &columns, &columns, q, &lda, tau, work, &lwork, &info);
        for (int64_t j = 0; j < n; j++) {
            cblas_dscal(rows, sign[j], q + j * m, 1);
            if (r)
                cblas_dscal(columns, sign[j], r + j, leading(n));
        }
    }
    const int code =
        tau && sign && work ? DSEP_OK : dsep_out_of_memory(error, "a QR factorisation");
    free(tau);
    free(sign);
    free(work);
    return code;
}

/* --- general inverse -------------------------------------------------------------------------- */

static void determinant(int64_t n, const double *lu, const int *pivot, double *log_determinant,
                        int *sign) {
    *log_determinant = 0;
    *sign = 1;
    for (int64_t j = 0; j < n; j++) {
        const double u = lu[j * n + j];
        *log_determinant += log(fabs(u));
        *sign *= u > 0 ? 1 : u < 0 ? -1 : 0;
        if (pivot[j] != j + 1)
            *sign = -*sign;
    }
}

int64_t dsep_dense_inverse(int64_t n, double *a, double *log_determinant, int *sign) {
    const int order = narrow(n), lda = leading(n), ask = -1;
    double asked = 0;
    int info = 0;
    int *pivot = dsep_array(n, sizeof *pivot);
    if (pivot)
        dgetri_(&order, a, &lda, pivot, &asked, &ask, &info);
    const int lwork = (int)fmax(1, asked);
    double *work = dsep_array(lwork, sizeof *work);
    if (pivot && work) {
        dgetrf_(&order, &order, a, &lda, pivot, &info);
        determinant(n, a, pivot, log_determinant, sign);
        if (!info)
            dgetri_(&order, a, &lda, pivot, work, &lwork, &info);
    }
    const int64_t failed = pivot && work ? info : -1;
    free(pivot);
    free(work);
    return failed;
}
