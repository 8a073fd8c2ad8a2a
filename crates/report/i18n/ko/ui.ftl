# 보고서의 제목, 이름표, 문장.

## 심각도

severity-critical = 심각
severity-high = 높음
severity-medium = 보통
severity-low = 낮음
severity-info = 참고

## 이름표

label-why = 이유
label-fix = 조치
label-help = 도움말
label-rule = 규칙
label-severity = 심각도
label-references = 참고 자료
label-elsewhere = 다른 도구의 ID
label-area = 영역
label-title = 제목
label-since = 도입 버전
label-preview = 시험 단계: 바뀔 수 있음

# 프로그램이 폴더의 템플릿으로 만든 텍스트.
path-rendered = { $folder } (렌더링 결과)

## 문제

problems-incomplete = 판정하지 못한 부분
problems-left-out = 검사에서 제외한 문서

## 요약

summary-heading = 요약
summary-scope = 파일 { NUMBER($files) }개, 오브젝트 { NUMBER($objects) }개, 규칙 { NUMBER($rules) }개
summary-hidden = 지정한 심각도보다 낮은 발견 사항 { NUMBER($count) }건은 표시하지 않았습니다.
summary-explain = 규칙에 대한 자세한 설명은 `haechi explain { $rule }` 명령으로 볼 수 있습니다.
summary-left-out = 쿠버네티스 오브젝트가 아닌 문서 { NUMBER($count) }개는 검사에서 제외했습니다.

## 결론

verdict-findings = 파일 { NUMBER($files) }개에서 발견 사항 { NUMBER($count) }건을 찾았습니다.
verdict-clean = 발견 사항이 없습니다.
verdict-clean-shown = 지정한 심각도 이상의 발견 사항이 없습니다.
verdict-no-findings-in-part = 판정할 수 있었던 부분에서는 발견 사항이 없습니다. 통과를 뜻하지는 않습니다.
verdict-nothing = 아무것도 검사하지 않았습니다. 쿠버네티스 오브젝트를 찾지 못했으며, 통과를 뜻하지 않습니다.
verdict-incomplete = 검사가 완전하지 않습니다. 문제 { NUMBER($count) }건 때문에 판정하지 못한 부분이 있습니다.

## SARIF 알림

sarif-root = 검사를 시작한 폴더입니다.
sarif-truncated =
    발견 사항 { NUMBER($total) }건 중 심각도가 높은 { NUMBER($shown) }건만 이 파일에 담았습니다. 설정된 한도 때문에 { NUMBER($omitted) }건은 제외했습니다.
sarif-over-limit =
    이 파일에는 발견 사항 { NUMBER($total) }건이 있습니다. GitHub는 한 번의 실행 결과가 { NUMBER($limit) }건을 넘으면 받아들이지 않습니다.

## JUnit

junit-scan = 검사

## HTML

html-title = Haechi 검사 보고서
html-rules = 위반한 규칙
html-findings-namespace = 네임스페이스별 발견 사항
html-findings-check = 점검 항목별 발견 사항
html-findings-owner = 소유자별 발견 사항
group-namespace = 네임스페이스 { $name }
group-namespace-none = 네임스페이스 미지정
group-owner = 소유자 { $name }
group-owner-none = 소유자 미지정
html-accepted = 예외 처리로 허용된 발견 사항
accepted-because = 예외 처리 사유: { $reason }
html-findings = 파일별 발견 사항
problems-suppression = 예외 처리
summary-suppressed = 예외 처리로 허용된 발견 사항이 { NUMBER($count) }건 있습니다.
summary-known = 기준선(baseline)에 있는 발견 사항 { NUMBER($count) }건은 표시하지 않았습니다.

## 수정

fixed-heading = 수정한 사항
fixed-heading-diff = 수정할 사항
fixed-unsafe = 워크로드의 동작이 바뀔 수 있음
summary-fixable = 발견 사항 { NUMBER($count) }건은 `--fix`로 수정할 수 있습니다.
summary-fixable-unsafe = 발견 사항 { NUMBER($count) }건은 `--fix --unsafe-fixes`로 수정할 수 있으며, 이때 워크로드의 동작이 바뀔 수 있습니다.
summary-fixed = 파일 { NUMBER($files) }개에서 발견 사항 { NUMBER($count) }건을 수정했습니다.
summary-would-be-fixed = 파일 { NUMBER($files) }개에서 발견 사항 { NUMBER($count) }건을 수정하게 됩니다.
summary-nothing-fixed = 수정할 수 있는 발견 사항이 없습니다.
problems-not-fixed = 수정하지 못한 파일
